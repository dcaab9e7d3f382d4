// The parts of the page that say something: facts, losses, filters, keys, and what a box is.

function facts(profile) {
  const { info, losses } = profile;
  const parts = [info.mode === 'memory' ? 'memory' : `${info.mode} time`];
  if (info.start) parts.push(info.start);
  if (info.durationNs > 0) parts.push(`${amount(info.durationNs, 'ns')} long`);
  if (info.intervalNs > 0) parts.push(`${+(1e9 / info.intervalNs).toPrecision(3)} samples a second`);
  if (profile.isDiff) {
    const before = profile.entries.before.reduce((sum, weight) => sum + weight, 0);
    parts.push(`before ${amount(before, info.unit)}, now ${amount(info.weight, info.unit)}`);
  } else {
    parts.push(counted(info.samples, 'sample', 'samples'));
    if (info.unit !== 'samples') parts.push(amount(info.weight, info.unit));
  }
  parts.push(counted(profile.stackCount - 1, 'distinct stack', 'distinct stacks'));
  if (info.untimed > 0) parts.push('too many samples to show in the order of time');
  if (losses.total === 0) parts.push('nothing lost');
  return parts.join(' · ');
}

// For who never saw a flame graph.
function explanation(profile, state) {
  const callers = state.v === 'callers';
  const where = (state.f === '') === callers ? 'below' : 'above';
  if (state.c !== '') return 'Time goes from left to right, each thread by itself; a box is as wide as its function was found without a break. What happened between two samples is not known.';
  if (state.w !== '') return `One function, from all places where it is called: ${state.f === '' ? 'above' : 'below'} it its callers, ${state.f === '' ? 'below' : 'above'} it what it calls, as wide as ${profile.info.width}. A click puts another function there.`;
  const boxes = callers
    ? `The first row are the functions that stacks end in, as wide as what passed in each of them alone; ${where} a box are its callers.`
    : `Each box is a function, as wide as ${profile.info.width}; the box ${where} is its caller.`;
  const colours = profile.isDiff ? ' Red has grown and blue has shrunk, as a share of the whole.' : '';
  return `${boxes} From left to right is the order of the alphabet, not of time.${colours}`;
}

// What is missing is part of the result: a bias that is not shown would be a lie.
function lossPanel(profile) {
  const { losses, info } = profile;
  if (losses.total === 0) return '';
  const rows = (pairs) => pairs.map(([text, count]) => make('tr', {}, make('td', {}, count.toLocaleString('en-US')), make('td', {}, text)));
  const tables = [make('table', {}, ...rows(losses.causes))];
  if (losses.functions.length > 0) tables.push(make('p', {}, 'They were lost in:'), make('table', {}, ...rows(losses.functions)));
  return make('details', { class: 'losses' },
    make('summary', {}, `${counted(losses.total, 'sample', 'samples')} lost${profile.isDiff ? ' in both' : `, ${percent(losses.total, losses.total + info.samples)} of all`}: why and where`),
    ...tables);
}

function filterPanel(app) {
  const { profile, unit } = app;
  const { thread, state, weight } = profile.entries;
  const ofThread = new Float64Array(profile.threads.length);
  const ofState = new Float64Array(profile.states.length);
  let whole = 0;
  let withGil = 0;
  for (let i = 0; i < thread.length; i++) {
    ofThread[thread[i]] += weight[i];
    ofState[state[i] >> 1] += weight[i];
    if (state[i] & 1) withGil += weight[i];
    whole += weight[i];
  }

  app.updates = [];
  const boxes = (name, sums, label) => [...sums.keys()].filter((i) => sums[i] > 0).sort((a, b) => sums[b] - sums[a]).map((i) => {
    const box = make('input', {
      type: 'checkbox',
      onchange: () => {
        const hidden = numbers(app.state[name]);
        if (box.checked) hidden.delete(i);
        else hidden.add(i);
        app.set({ [name]: words(hidden), z: '' });
        update();
      },
    });
    app.updates.push(() => { box.checked = !numbers(app.state[name]).has(i); });
    return make('label', { [`data-${name === 'q' ? 'thread' : 'state'}`]: i }, box, `${label(i)} `, make('small', {}, `${percent(sums[i], whole)}, ${amount(sums[i], unit)}`));
  });
  const summary = make('summary', {});
  const update = () => {
    const hidden = numbers(app.state.q).size + numbers(app.state.l).size + (app.state.g ? 1 : 0);
    summary.textContent = hidden > 0 ? `Filters (${hidden})` : 'Filters';
  };
  const threadLabel = (i) => (profile.processes.length > 1 ? `${profile.processes[profile.threads[i].process]?.pid}: ` : '') + profile.threadLabel(i);
  const gil = make('input', { type: 'checkbox', onchange: () => { app.set({ g: gil.checked ? '1' : '', z: '' }); update(); } });
  app.updates.push(() => { gil.checked = app.state.g !== ''; }, update);
  const panel = make('details', { class: 'filters' }, summary, make('div', {},
    make('fieldset', {}, make('legend', {}, 'States'), ...boxes('l', ofState, (i) => profile.states[i]),
      ...(withGil > 0 ? [make('label', {}, gil, 'only with the GIL ', make('small', {}, percent(withGil, whole)))] : [])),
    make('fieldset', {}, make('legend', {}, 'Threads'), ...boxes('q', ofThread, threadLabel))));
  for (const one of app.updates) one();
  return panel;
}

// What there is to say about a box, a line each, the name first.
function describe(app, box) {
  const { profile, forest, tree, zoomed, unit } = app;
  tree.children(box);
  const whole = tree.isChart ? tree.root.total : forest.total[0];
  const lines = [profile.name(box.frame)];
  const file = profile.file(box.frame);
  const line = profile.line(box.frame, app.state.n === '');
  if (file) lines.push(`${file}${line > 0 ? `:${line}` : ''}`);
  if (box.frame !== ROOT && profile.kind(box.frame) !== 0) lines.push(KINDS[profile.kind(box.frame)]);
  const share = (value) => `${amount(value, unit)}, ${percent(value, whole)}`;
  if (tree.isChart && box !== tree.root) lines.push(`from ${amount(box.x, 'ns')} to ${amount(box.x + box.width, 'ns')}`);
  lines.push(`total ${share(box.total)}`);
  if (!box.tree.options?.callers) lines.push(`self ${share(box.self)}`);
  if (unit !== 'samples' && !profile.isDiff) lines.push(counted(box.samples, 'sample', 'samples'));
  if (zoomed.parent && !tree.isChart && box.depth > zoomed.depth) lines.push(`${percent(box.total, zoomed.total)} of ${profile.name(zoomed.frame)}`);
  if (profile.isDiff) {
    const wholeBefore = forest.before[0];
    lines.push(`before ${amount(box.before, unit)}, ${percent(box.before, wholeBefore)}`, points(box.total / (whole || 1) - box.before / (wholeBefore || 1)));
  }
  return lines;
}

const KEYS = [
  ['click, Enter', 'zoom in'], ['Escape, Backspace', 'zoom out by one box'], ['0, Home', 'reset the zoom'],
  ['arrows', 'go to caller, callee and neighbours'], ['/, Ctrl-F, F3', 'search; small letters alone find capitals too'], ['n, N', 'next and previous match'],
  ['c', 'callers instead of callees'], ['t', 'by thread'], ['l', 'lines or functions'], ['s', 'the function between its callers and callees'], ['h', 'in the order of time'], ['f', 'root below'], ['d', 'dark or light'], ['?', 'this list'],
];

function helpPanel(close) {
  return make('div', { class: 'help', role: 'dialog', 'aria-label': 'Keys', hidden: true },
    make('h2', {}, 'Keys'),
    make('table', {}, ...KEYS.map(([keys, text]) => make('tr', {}, make('td', {}, make('kbd', {}, keys)), make('td', {}, text)))),
    make('button', { type: 'button', onclick: close }, 'Close'));
}
