// The keyboard. Each returns whether the key was one of the page's.

function press(app, event) {
  const { key } = event;
  const inSearch = event.target === app.search;
  if (key === 'F3' || (key === 'f' && (event.ctrlKey || event.metaKey) && !inSearch)) {
    app.search.focus();
    app.search.select();
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  if (inSearch) {
    if (key === 'Enter') app.scroller.focus();
    else if (key === 'Escape') {
      app.set({ s: '' });
      app.scroller.focus();
    } else return false;
    return true;
  }
  if (['INPUT', 'BUTTON', 'SUMMARY'].includes(event.target.localName?.toUpperCase()) && (key === 'Enter' || key === ' ')) return false;
  if (!app.help.hidden && key === 'Escape') {
    app.showHelp(false);
    return true;
  }
  return walk(app, key) || command(app, key);
}

function command(app, key) {
  const flip = (name, value) => app.set({ [name]: app.state[name] === value ? DEFAULTS[name] : value, z: '' });
  switch (key) {
    case '/': app.search.focus(); app.search.select(); return true;
    case '?': app.showHelp(app.help.hidden); return true;
    case 'c': flip('v', 'callers'); return true;
    case 't': if (app.toggles.has('t')) flip('t', '1'); return true;
    case 'l': flip('n', '1'); return true;
    case 's': app.sandwich(app.state.w === ''); return true;
    case 'h': if (app.toggles.has('c')) flip('c', '1'); return true;
    case 'f': flip('f', '1'); return true;
    case 'd': app.switchTheme(); return true;
    case '0': case 'Home': app.zoom(app.tree.root); return true;
    case 'Escape': case 'Backspace': app.zoom(app.zoomed.parent ?? app.tree.root); return true;
    case 'n': nextMatch(app, 1); return true;
    case 'N': nextMatch(app, -1); return true;
    default: return false;
  }
}

function walk(app, key) {
  const at = app.selected ?? app.zoomed;
  const row = app.drawing.row(at.depth);
  const below = app.state.f !== '';
  switch (key) {
    case 'Enter': app.enter(at); return true;
    case 'ArrowLeft': app.select(row[row.indexOf(at) - 1]); return true;
    case 'ArrowRight': app.select(row[row.indexOf(at) + 1]); return true;
    case below ? 'ArrowDown' : 'ArrowUp': app.select(neighbour(app, at, -1)); return true;
    case below ? 'ArrowUp' : 'ArrowDown': app.select(neighbour(app, at, 1)); return true;
    default: return false;
  }
}

// The box in the row before or after that belongs to one: its caller, or the widest that it calls. In a sandwich the callers are a tree of their own.
function neighbour(app, box, step) {
  if (box === app.tree.root && step < 0) return app.tree.above ? widestChild(app, app.tree.above.root) : null;
  if (box.tree.step === step) return widestChild(app, box);
  return box.parent && box.parent === app.tree.above?.root ? app.tree.root : box.parent;
}

function widestChild(app, box) {
  const drawn = new Set(app.drawing.rows.flat());
  let widest = null;
  for (const child of app.tree.children(box)) if (drawn.has(child) && (!widest || child.width > widest.width)) widest = child;
  return widest;
}

// From left to right, row by row, through the boxes that are painted.
function nextMatch(app, step) {
  if (!app.hits) return;
  const found = app.drawing.rows.flatMap((row) => row.filter((box) => app.hits(box.frame)));
  if (found.length === 0) return;
  const at = found.indexOf(app.selected);
  app.select(found[at < 0 ? (step > 0 ? 0 : found.length - 1) : (at + step + found.length) % found.length]);
}
