// The page: what it is made of, and what happens when something is clicked, typed or linked to.

const XHTML = 'http://www.w3.org/1999/xhtml';

function make(tag, attributes = {}, ...content) {
  const element = document.createElementNS(XHTML, tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...content);
  return element;
}

// An SVG file becomes a page in place of the picture that it is without scripts.
function container() {
  const root = document.documentElement;
  if (root.localName !== 'svg') return document.body;
  const title = root.querySelector('title')?.textContent ?? '';
  for (const child of [...root.children]) if (!['style', 'script'].includes(child.localName)) child.remove();
  const name = document.createElementNS(root.namespaceURI, 'title');
  name.textContent = title;
  const frame = document.createElementNS(root.namespaceURI, 'foreignObject');
  for (const element of [root, frame]) {
    element.setAttribute('width', '100%');
    element.setAttribute('height', '100%');
  }
  root.removeAttribute('viewBox');
  const body = make('div');
  frame.append(body);
  root.prepend(name, frame);
  return body;
}

class App {
  constructor(profile) {
    this.profile = profile;
    this.unit = profile.info.unit;
    this.state = readState();
    this.build();
    this.drawing = new Drawing(this.canvas, this.scroller, this.spacer);
    this.selected = null;
    this.listen();
    this.refresh();
  }

  build() {
    const { profile } = this;
    this.search = make('input', {
      type: 'search', class: 'search', placeholder: 'Search: regular expression', 'aria-label': 'Search', spellcheck: 'false', size: 28,
      oninput: () => this.set({ s: this.search.value }),
    });
    this.matched = make('output', { class: 'matched', 'aria-live': 'polite' });
    this.status = make('div', { class: 'status', 'aria-live': 'polite' });
    this.canvas = make('canvas', { class: 'canvas' });
    this.spacer = make('div', { class: 'spacer' }, this.canvas);
    this.scroller = make('div', { class: 'graph', tabindex: '0', role: 'application', 'aria-label': 'Flame graph; arrow keys go from box to box' }, this.spacer);
    this.tooltip = make('div', { class: 'tooltip', role: 'tooltip', hidden: true });
    this.toggles = new Map();
    this.help = helpPanel(() => this.showHelp(false));
    const toolbar = make('div', { class: 'toolbar' },
      this.resetButton = make('button', { type: 'button', class: 'reset', onclick: () => this.zoom(this.tree.root) }, 'Reset zoom'),
      this.search, this.matched,
      this.toggle('v', 'callers', 'callers', 'Inverted: the innermost functions on top, who called them below'),
      ...(profile.threads.length > 1 ? [this.toggle('t', '1', 'by thread', 'A tree for each thread')] : []),
      this.sandwichToggle(),
      ...(profile.timeline ? [this.toggle('c', '1', 'time', 'In the order of time, where the profile has it: each thread by itself')] : []),
      this.toggle('n', '1', 'functions', 'Lines of one function together'),
      this.toggle('f', '1', 'root below', 'Flames instead of icicles'),
      ...(profile.isDiff ? [this.toggle('b', '1', 'width of before', 'Boxes as wide as they were in the first profile')] : []),
      filterPanel(this),
      make('button', { type: 'button', class: 'theme', title: 'Dark or light (d)', onclick: () => this.switchTheme() }, '◐'),
      make('button', { type: 'button', title: 'Keys (?)', onclick: () => this.showHelp(true) }, '?'));
    this.root = make('div', { class: 'sonde' },
      make('header', {}, make('h1', {}, profile.info.title || 'Profile'), make('p', { class: 'facts' }, facts(profile)), lossPanel(profile), this.what = make('p', { class: 'what' }), toolbar),
      this.scroller, this.status, this.tooltip, this.help);
    container().append(this.root);
  }

  toggle(name, value, text, title) {
    const box = make('input', { type: 'checkbox', onchange: () => this.set({ [name]: box.checked ? value : DEFAULTS[name], z: '' }) });
    this.toggles.set(name, { box, value });
    return make('label', { title, 'data-toggle': name }, box, text);
  }

  sandwichToggle() {
    const box = make('input', { type: 'checkbox', onchange: () => this.sandwich(box.checked) });
    this.sandwichBox = box;
    return make('label', { title: 'One function between its callers and its callees, from all places where it is called', 'data-toggle': 'w' }, box, 'sandwich');
  }

  // Puts the function that is selected, or zoomed into, between its callers and callees; else the one that took the most itself.
  sandwich(on) {
    const at = this.selected?.parent ? this.selected : this.zoomed;
    const frame = at.parent && at.frame < this.profile.frameCount ? at.frame : this.heaviest();
    this.set({ w: on && frame >= 0 ? frame.toString(36) : '', c: '', z: '' }, true);
  }

  heaviest() {
    const { frame, self, count } = this.forest;
    const sums = new Map();
    for (let i = 1; i < count; i++) if (frame[i] < this.profile.frameCount) sums.set(frame[i], (sums.get(frame[i]) ?? 0) + self[i]);
    return [...sums].reduce((most, one) => (one[1] > most[1] ? one : most), [ROOT, 0])[0];
  }

  set(changes, asStep = false) {
    Object.assign(this.state, changes);
    writeState(this.state, asStep);
    this.refresh();
  }

  get dark() { return this.state.d === 'dark' || (this.state.d === '' && matchMedia('(prefers-color-scheme: dark)').matches); }
  switchTheme() { this.set({ d: this.dark ? 'light' : 'dark' }); }

  // Everything is derived from the state; what is costly is kept as long as what it comes from is the same.
  refresh() {
    const { state, profile } = this;
    const wanted = [state.v, state.t, state.q, state.g, state.l, state.n, state.b, state.w, state.c].join('|');
    if (wanted !== this.shown) {
      this.shown = wanted;
      const filters = { lines: state.n === '', byThread: state.t !== '', hiddenThreads: numbers(state.q), hiddenStates: numbers(state.l), gil: state.g !== '' };
      this.forest = new Forest(profile, filters);
      this.tree = this.plant(filters);
      this.selected = null;
      this.searched = null;
      this.stretch = null;
    }
    this.zoomed = this.stretch ?? (this.tree.above ? this.tree.root : this.tree.find(readPath(state.z)));
    this.sandwichBox.checked = Boolean(this.tree.above);
    if (this.paletteIsDark !== this.dark) {
      this.paletteIsDark = this.dark;
      this.palette = new Palette(profile, this.dark);
    }
    this.root.dataset.theme = this.dark ? 'dark' : 'light';
    for (const [name, { box, value }] of this.toggles) box.checked = state[name] === value;
    if (this.search.value !== state.s) this.search.value = state.s;
    this.what.textContent = explanation(profile, state);
    this.lookFor(state.s);
    this.resetButton.disabled = this.zoomed === this.tree.root;
    this.drawing.layOut(this.tree, this.zoomed, state.f !== '');
    this.say();
    this.draw();
  }

  plant(filters) {
    const { state, profile } = this;
    const focus = parseInt(state.w, 36);
    if (state.c !== '' && profile.timeline) return new Chart(profile, filters);
    const options = { callers: state.v === 'callers', widthBefore: state.b !== '', focus };
    return focus >= 0 && focus < profile.frameCount ? new Sandwich(this.forest, options) : new Tree(this.forest, options);
  }

  lookFor(text) {
    if (this.searched === text) return;
    this.searched = text;
    const { matches, problem } = readSearch(text);
    this.search.classList.toggle('wrong', problem !== '');
    this.search.title = problem;
    this.hits = null;
    this.matched.textContent = problem;
    if (!matches) return;
    const hits = new Map();
    const withLine = this.state.n === '';
    this.hits = (frame) => {
      let hit = hits.get(frame);
      if (hit === undefined) hits.set(frame, (hit = frame !== ROOT && matches(this.profile.label(frame, withLine))));
      return hit;
    };
    const sum = this.forest.matched(this.hits);
    this.matched.textContent = `Matched: ${percent(sum, this.forest.total[0])} (${amount(sum, this.unit)})`;
  }

  draw() {
    const { palette } = this;
    const painted = (box) => this.hits !== null && this.hits(box.frame);
    const whole = this.forest.total[0] || 1;
    const wholeBefore = this.forest.before[0] || 1;
    this.drawing.draw({
      background: palette.background,
      ink: palette.ink,
      selected: this.selected,
      label: (box) => this.profile.label(box.frame, this.state.n === ''),
      fill: (box) => (painted(box) ? palette.match : this.profile.isDiff ? palette.difference(box.total / whole - box.before / wholeBefore) : palette.fill(box.frame)),
      text: (box) => palette.text(painted(box)),
    });
  }

  // Scrolling comes many times for one frame on the screen.
  drawSoon() {
    if (this.pending) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      this.draw();
    });
  }

  // In a sandwich another function is put into the middle; everywhere else the box is zoomed into.
  enter(box) {
    if (this.tree.above) {
      this.selected = null;
      if (box.frame >= 0 && box.frame < this.profile.frameCount) this.set({ w: box.frame.toString(36) }, true);
    } else this.zoom(box);
  }

  zoom(box) {
    this.selected = box;
    if (this.tree.isChart) {
      this.stretch = box;
      this.refresh();
    } else this.set({ z: writePath(this.tree.path(box)) }, true);
    const top = this.drawing.top(box.depth);
    if (top < this.scroller.scrollTop || top + ROW > this.scroller.scrollTop + this.scroller.clientHeight) this.scroller.scrollTop = Math.max(0, top - ROW * Math.min(box.depth, 3));
    this.draw();
  }

  select(box) {
    if (!box) return;
    this.selected = box;
    const top = this.drawing.top(box.depth);
    if (top < this.scroller.scrollTop) this.scroller.scrollTop = top;
    else if (top + ROW > this.scroller.scrollTop + this.scroller.clientHeight) this.scroller.scrollTop = top + ROW - this.scroller.clientHeight;
    this.say();
    this.draw();
  }

  // The line at the bottom: the box that is selected, else the one that fills the width.
  say(box = this.selected ?? this.zoomed) {
    this.status.textContent = describe(this, box).join(' · ');
  }

  hover(event) {
    const bounds = this.canvas.getBoundingClientRect();
    const box = this.drawing.at(event.clientX - bounds.left, event.clientY - bounds.top);
    this.scroller.style.cursor = box ? 'pointer' : 'default';
    if (box !== this.hovered) {
      this.hovered = box;
      this.tooltip.hidden = !box;
      if (box) this.tooltip.replaceChildren(...describe(this, box).map((line, i) => make(i === 0 ? 'strong' : 'div', {}, line)));
      this.say(box ?? undefined);
    }
    if (!box) return;
    const { width, height } = this.tooltip.getBoundingClientRect();
    this.tooltip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - width - 8))}px`;
    this.tooltip.style.top = `${event.clientY + 18 + height > innerHeight ? Math.max(4, event.clientY - height - 8) : event.clientY + 18}px`;
  }

  listen() {
    this.scroller.addEventListener('scroll', () => this.drawSoon());
    this.scroller.addEventListener('mousemove', (event) => this.hover(event));
    this.scroller.addEventListener('mouseleave', () => {
      this.hovered = null;
      this.tooltip.hidden = true;
      this.say();
    });
    this.scroller.addEventListener('click', (event) => {
      const bounds = this.canvas.getBoundingClientRect();
      const box = this.drawing.at(event.clientX - bounds.left, event.clientY - bounds.top);
      if (box) this.enter(box);
    });
    addEventListener('resize', () => this.refresh());
    addEventListener('popstate', () => this.restore());
    addEventListener('hashchange', () => this.restore());
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.refresh());
    document.addEventListener('keydown', (event) => {
      if (press(this, event)) event.preventDefault();
    });
  }

  restore() {
    this.state = readState();
    this.selected = null;
    this.refresh();
    for (const update of this.updates) update();
  }

  showHelp(visible) {
    this.help.hidden = !visible;
    if (visible) this.help.querySelector('button').focus();
    else this.scroller.focus();
  }
}

try {
  const profile = new Profile(JSON.parse(document.getElementById('profile').textContent));
  new App(profile);
} catch (error) {
  const message = make('p', { class: 'sonde' }, `This page cannot be shown: ${error.message}`);
  container().append(message);
  throw error;
}
