# ---- what of a program's values is nobody's business: by name and by what a text looks like, as Redaction.cs and SecretText.cs in Sonde.Python do for what is read from outside

HIDDEN = "<hidden>"
LONGEST_PART, SHORTEST_CARD, LONGEST_CARD = 4, 13, 19
secret_words = []      # empty when nothing is to be hidden
known_names = {}


def hides(name):
    """Whether the value of a variable, attribute or key of that name is not shown."""
    if not secret_words:
        return False
    known = known_names.get(name)
    if known is None:
        known = hides_anew(name)
        if len(known_names) < 10000:
            known_names[name] = known
    return known


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
    """A text without numbers of payment cards, private keys and tokens."""
    if not secret_words or not any([mark in text for mark in ("-----BEGIN ", "earer ", "eyJ", "EARER ")]) and sum([text.count(digit) for digit in "0123456789"]) < 8:
        return text
    pieces, kept, at = [], 0, 0
    while at < len(text):
        length = secret_at(text, at)
        if length:
            pieces += [text[kept:at], HIDDEN]
            at += length
            kept = at
        else:
            at += 1
    return "".join(pieces) + text[kept:]


def secret_at(text, at):
    character = text[at]
    if "0" <= character <= "9":
        return 0 if at and text[at - 1].isalnum() else card_at(text, at)
    if character == "-" and text.startswith("-----BEGIN ", at) and "PRIVATE KEY" in text[at:at + 64]:
        end = text.find("-----END ", at)
        last = text.find("-----", end + 9) if end >= 0 else -1
        return (last + 5 if last >= 0 else len(text)) - at
    if character in "Bb" and text[at:at + 7].lower() == "bearer ":
        length = token_at(text, at + 7)
        return 7 + length if length >= 8 else 0
    if character == "e" and text.startswith("eyJ", at) and not (at and text[at - 1].isalnum()):
        length = token_at(text, at)
        return length if length >= 16 and ".eyJ" in text[at:at + length] else 0
    return 0


def card_at(text, start):
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
    if len(digits) >= 8 and len(after) == 2 and "\u2026" in after:
        return length
    if len(digits) < SHORTEST_CARD or after[:1].isalpha():
        return 0
    total = 0
    for index, digit in enumerate(reversed(digits)):
        digit *= 1 + index % 2
        total += digit - 9 if digit > 9 else digit
    return length if total and total % 10 == 0 else 0


def token_at(text, start):
    at = start
    while at < len(text) and (text[at] < "\x80" and text[at].isalnum() or text[at] in "-_.~+/="):
        at += 1
    return at - start


def is_hidden(name):
    """For render()."""
    return hides(name)


def write_other(self, value, kind, write=Writer.write_other):
    if hides(name_of(kind)):
        return self.add(HIDDEN)
    return write(self, value, kind)


Writer.write_other = write_other


def redact(words):
    """Begins to hide."""
    secret_words[:] = words
    hidden_words[:] = words
