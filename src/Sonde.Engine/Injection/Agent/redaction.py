# ---- what of a program's values is nobody's business: by name and by what a text looks like, as Redaction.cs and SecretText.cs in Sonde.Python do for what is read from outside

HIDDEN, CUT = "<hidden>", "\u2026"
LONGEST_PART, LONGEST_NAME, LONGEST_KEY, SHORTEST_CARD, SHORTEST_CUT, LONGEST_CARD, SHORTEST_TOKEN = 4, 64, 200, 13, 8, 19, 16
BEGINNINGS = ("ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "xoxa-", "sk_live_", "rk_live_", "sk-", "npm_", "pypi-", "hf_", "AKIA", "ASIA", "AIza")
DIGITS = {code: 48 for code in range(49, 58)}
ENDS_OF_AUTHORITY, ENDS_OF_LINE, ENDS_OF_WORD = "/?# \t\r\n\"'\\<>" + CUT, "\r\n\"'\\}>", " \t\r\n&;,)]}>\"'\\#"
secret_words = []      # empty when nothing is to be hidden
known_names = {}


def hides(name):
    """Whether the value of a variable, attribute or key of that name is not shown. A key may be bytes, as the headers of web servers are."""
    if not secret_words or type(name) not in (str, bytes) or len(name) > LONGEST_KEY:
        return False
    # By type too: to compare a str with bytes is an error where the program says so (python -bb).
    known = known_names.get((type(name), name))
    if known is None:
        known = hides_anew(name if type(name) is str else name.decode("latin-1"))
        if len(known_names) < 10000:
            known_names[type(name), name] = known
    return known


def hides_item(value, key):
    """Whether an item of a container is not shown: by its key, by its name in a named tuple, or by the first of two, as headers are."""
    if type(key) in (str, bytes):
        return hides(key)
    if type(key) is not int:
        return False
    for base in (tuple, list):
        if isinstance_of(value, base) and -base.__len__(value) <= key < base.__len__(value):
            names = find_member(type(value), "_fields") if base is tuple else None
            if type(names) is tuple and len(names) == tuple.__len__(value):
                return hides(names[key])
            return base.__len__(value) == 2 and key % 2 == 1 and hides(base.__getitem__(value, 0))
    return False


def hidden_start(text):
    """How many characters of what is left of a text behind a cut may be the end of a secret."""
    if not secret_words:
        return 0
    end = text.find("-----END ")
    if end >= 0 and "PRIVATE KEY" in text[end:end + 64] and "-----BEGIN " not in text[:end]:
        return max(text.find("-----", end + 9), end) + 5
    end = end_of_token(text, 0)
    return end if end >= SHORTEST_TOKEN else 0


def hides_anew(name):
    plain = "".join([character for character in name.lower() if character.isalnum()])
    for word in secret_words:
        if len(word) > LONGEST_PART:
            if word in plain:
                return True
            continue
        at = name.lower().find(word)
        while at >= 0:
            end = at + len(word)
            begins = at == 0 or not name[at - 1].isalpha() or (name[at - 1].islower() and name[at].isupper())
            ends = end == len(name) or not name[end].isalpha() or (name[end - 1].islower() and name[end].isupper())
            if begins and ends:
                return True
            at = name.lower().find(word, at + 1)
    return False


def scrub(text):
    """A text without what looks like a secret, and without what stands behind a name that hides its value."""
    if not secret_words:
        return text
    found = []
    for find in (find_named, find_credentials, find_private_keys, find_tokens, find_cards):
        find(text, found)
    if not found:
        return text
    pieces, kept = [], 0
    for start, end in sorted(found):
        if start >= kept:
            pieces += [text[kept:start], HIDDEN]
        kept = max(kept, end)
    return "".join(pieces) + text[kept:]


def places_of(text, *marks):
    for mark in marks:
        at = text.find(mark)
        while at >= 0:
            yield at
            at = text.find(mark, at + 1)


def skip(text, at, characters):
    while at < len(text) and text[at] in characters:
        at += 1
    return at


def skip_to(text, at, characters):
    while at < len(text) and text[at] not in characters:
        at += 1
    return at


def find_named(text, found):
    """password=x, "token": "x", Cookie: x, ('Authorization', 'x')."""
    behind = 0
    for at in sorted(places_of(text, "=", ":", "',", '",')):
        is_pair = text[at] in "'\""
        if at >= behind:
            start, end = named(text, at + is_pair, is_pair, behind)
            if end > start:
                found.append((start, end))
                behind = end


def named(text, at, is_pair, behind):
    end = at
    while end > behind and not is_pair and text[end - 1] in " !<>+":
        end -= 1
    while end > behind and text[end - 1] in "\"'\\]":
        end -= 1
    begin = end
    while begin > behind and end - begin < LONGEST_NAME and (text[begin - 1].isalnum() or text[begin - 1] in "_-"):
        begin -= 1
    if begin == end or not (text[begin].isalpha() or text[begin] == "_") or (is_pair and not opens_pair(text, begin)) or not hides(text[begin:end]):
        return 0, 0
    start = skip(text, at + 1, " ")
    if text[at] == ":":
        annotated = start
        while annotated < len(text) and (text[annotated].isalnum() or text[annotated] in "_.[]| "):
            annotated += 1
        if text[annotated - 1:annotated + 1] == " =":
            start = annotated + 1
    start = skip(text, start, "= ")
    return (0, 0) if start == len(text) or text.startswith(HIDDEN, start) else value_extent(text, start, text[at])


def opens_pair(text, begin):
    at = begin
    while at and text[at - 1] in "\"'\\":
        at -= 1
    is_quoted = at < begin
    if is_quoted and text[at - 1:at] == "b":
        at -= 1
    return is_quoted and at > 0 and text[at - 1] in "(["


def value_extent(text, start, separator):
    at = start
    while at < len(text) and at - start < 2 and text[at] in "bBrRuUfF":
        at += 1
    last = skip(text, at, "\\")
    if last < len(text) and text[last] in "\"'":
        return quoted_extent(text, at, text[at:last + 1])
    if text[start] in "([{<":
        return start, end_of_brackets(text, start, text[start], ")]}>"["([{<".index(text[start])])
    return start, skip_to(text, start, ENDS_OF_LINE if separator == ":" else ENDS_OF_WORD)


def quoted_extent(text, at, quote):
    if len(quote) == 1 and text.startswith(quote * 3, at):
        quote *= 3
    first = at + len(quote)
    end = text.find(quote, first)
    while end >= 0:
        before = text[first:end]
        if (len(before) - len(before.rstrip("\\"))) % 2 == 0:
            return first, end
        end = text.find(quote, end + 1)
    return first, len(text)


def end_of_brackets(text, start, opening, closing):
    depth = 0
    for at in range(start, len(text)):
        depth += (text[at] == opening) - (text[at] == closing)
        if depth == 0:
            return at + 1
    return len(text)


def find_credentials(text, found):
    """What stands for a user in a URL: the password, or a long name that is one."""
    for at in places_of(text, "://"):
        start = at + 3
        end = skip_to(text, start, ENDS_OF_AUTHORITY)
        user, colon = text.rfind("@", start, end), text.find(":", start, end)
        if user >= 0:
            if 0 <= colon < user:
                found.append((colon + 1, user))
            elif user - start >= SHORTEST_TOKEN:
                found.append((start, user))
        elif colon >= 0 and (end == len(text) or CUT in text[end:end + 2]) and text[colon + 1:end].strip("0123456789"):
            # Cut off before the "@"; behind a host there would be a number.
            found.append((colon + 1, end))


def find_private_keys(text, found):
    for at in places_of(text, "-----BEGIN "):
        if "PRIVATE KEY" in text[at:at + 64]:
            end = text.find("-----END ", at)
            last = text.find("-----", end + 9) if end >= 0 else -1
            found.append((at, last + 5 if last >= 0 else len(text)))


def find_tokens(text, found):
    for at in places_of(text, "earer ", "EARER "):
        if at and text[at - 1] in "Bb" and not text[at - 2:at - 1].isalnum():
            end = end_of_token(text, at + 6)
            if end - at - 6 >= 8:
                found.append((at - 1, end))
    for beginning in ("eyJ",) + BEGINNINGS:
        end = 0
        for at in places_of(text, beginning):
            # No character is walked over twice.
            if at >= end and not (at and text[at - 1].isalnum()):
                end = end_of_token(text, at + len(beginning))
                if end - at >= SHORTEST_TOKEN + len(beginning) * (beginning != "eyJ") and (beginning != "eyJ" or ".eyJ" in text[at:end]):
                    found.append((at, end))


def end_of_token(text, at):
    while at < len(text) and (text[at] < "\x80" and text[at].isalnum() or text[at] in "-_.~+/="):
        at += 1
    return at


def find_cards(text, found):
    digits = text.translate(DIGITS)
    if "0" * SHORTEST_CUT not in digits.replace(" ", "").replace("-", ""):
        return
    at = digits.find("0")
    while at >= 0:
        length = 0 if at and text[at - 1].isalnum() else card_at(text, at)
        if length:
            found.append((at, at + length))
        at = digits.find("0", at + max(length, 1))


def card_at(text, start):
    if not "2" <= text[start] <= "6":  # What cards for payments begin with, and thread idents and times in nanoseconds do not.
        return 0
    digits, at, length = [], start, 0
    while at < len(text):
        character = text[at]
        if "0" <= character <= "9":
            if len(digits) == LONGEST_CARD:
                return 0
            digits.append(ord(character) - 48)
            length = at + 1 - start
        elif character not in " -" or not "0" <= text[at + 1:at + 2] <= "9":
            break
        at += 1
    after = text[start + length:start + length + 2]
    if len(digits) >= SHORTEST_CUT and len(after) == 2 and CUT in after:
        return length
    if len(digits) < SHORTEST_CARD or after[:1].isalpha():
        return 0
    total = 0
    for index, digit in enumerate(reversed(digits)):
        digit *= 1 + index % 2
        total += digit - 9 if digit > 9 else digit
    return length if total and total % 10 == 0 else 0
