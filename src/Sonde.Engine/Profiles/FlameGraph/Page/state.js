// What is shown lives in the URL's fragment, so that a link shows the same: #s=search&z=path&v=callers&w=function&d=dark...

const DEFAULTS = { s: '', z: '', v: 'callees', w: '', c: '', t: '', q: '', g: '', n: '', l: '', f: '', b: '', d: '' };

function readState() {
  const state = { ...DEFAULTS };
  for (const [name, value] of new URLSearchParams(location.hash.slice(1))) {
    if (name in state) state[name] = value;
  }
  return state;
}

function writeState(state, asStep) {
  const parameters = new URLSearchParams();
  for (const name of Object.keys(DEFAULTS)) if (state[name] !== DEFAULTS[name]) parameters.set(name, state[name]);
  const wanted = `#${parameters}`;
  if (wanted === (location.hash || '#')) return;
  try {
    history[asStep ? 'pushState' : 'replaceState'](null, '', wanted);
  } catch {
    location.hash = wanted;
  }
}

const numbers = (text) => new Set(text.split('.').filter((word) => /^[0-9a-z]+$/.test(word)).map((word) => parseInt(word, 36)));
const words = (set) => [...set].sort((a, b) => a - b).map((number) => number.toString(36)).join('.');
const readPath = (text) => (text === '' ? [] : text.split('.').map((word) => parseInt(word, 36)));
const writePath = (frames) => frames.map((frame) => frame.toString(36)).join('.');

// What is searched for; small letters alone find capitals too.
function readSearch(text) {
  if (text === '') return { matches: null, problem: '' };
  try {
    const expression = new RegExp(text, /[A-Z]/.test(text.replace(/\\./g, '')) ? '' : 'i');
    return { matches: (label) => expression.test(label), problem: '' };
  } catch (error) {
    return { matches: null, problem: String(error.message).replace(/^Invalid regular expression: /, '') };
  }
}
