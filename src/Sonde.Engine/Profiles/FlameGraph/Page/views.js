// Other trees of boxes than the flame graph's: one function between its callers and callees, and what happened one after the other.

// Where a function is in the stacks, the outermost of it where it calls itself, so that nothing counts twice.
function occurrences(forest, key, wanted) {
  const inside = new Uint8Array(forest.count);
  const found = [];
  for (let i = 1; i < forest.count; i++) {
    const here = key(forest.frame[i]) === wanted;
    if (here && !inside[forest.parent[i]]) found.push(i);
    inside[i] = here || inside[forest.parent[i]] ? 1 : 0;
  }
  return found;
}

// The callees of a function, those of all places together; above it, as a tree that grows the other way, its callers.
class Sandwich extends Tree {
  constructor(forest, options) {
    super(forest, { ...options, callers: false });
    const { profile } = forest;
    const key = (frame) => profile.functionKey(frame);
    const places = occurrences(forest, key, key(options.focus));
    this.root = new Box(null, options.focus, this);
    for (const place of places) this.add(this.root, place);
    this.root.source = places;
    this.measure(this.root);
    this.above = new Callers(forest, options, places);
  }

  add(box, number) {
    const { total, self, samples, before, selfBefore } = this.forest;
    box.total += total[number];
    box.self += self[number];
    box.samples += samples[number];
    box.before += before[number];
    box.selfBefore += selfBefore[number];
  }

  openCallees(box) {
    const { starts, children, frame } = this.forest;
    const byFrame = new Map();
    for (const place of box.source) {
      for (let i = starts[place]; i < starts[place + 1]; i++) {
        let child = byFrame.get(frame[children[i]]);
        if (!child) {
          child = new Box(box, frame[children[i]]);
          child.source = [];
          byFrame.set(child.frame, child);
        }
        child.source.push(children[i]);
        this.add(child, children[i]);
      }
    }
    return [...byFrame.values()];
  }
}

// The callers of some places in the stacks, each as heavy as what passed in those places and below.
class Callers extends Tree {
  constructor(forest, options, places) {
    super(forest, { ...options, callers: false });
    this.options = { ...options, callers: true };
    this.step = -1;
    this.root = new Box(null, options.focus, this);
    this.root.source = places.map((place) => [forest.parent[place], place]);
    for (const place of places) this.weigh(this.root, place);
    this.measure(this.root);
  }

  get ends() { return { self: this.forest.total, samples: this.forest.samples, before: this.forest.before }; }
}

// Each thread's samples one after the other, at the times they were taken; samples next to each other with the same callers are one box.
class Chart {
  constructor(profile, options) {
    this.profile = profile;
    this.step = 1;
    this.isChart = true;
    const { thread, stack, state, time, weight } = profile.timeline;
    const keyOf = options.lines ? (frame) => frame : (frame) => profile.functionOf[frame];
    this.root = new Box(null, ROOT, this);
    this.root.opened = [];
    let now = 0;
    const times = Float64Array.from(time, (distance) => (now += distance));
    const shown = (i) => !options.hiddenThreads.has(thread[i]) && !options.hiddenStates.has(state[i] >> 1) && (!options.gil || (state[i] & 1));
    let end = 0;
    const byThread = profile.threads.map(() => []);
    for (let i = 0; i < times.length; i++) {
      end = Math.max(end, times[i] + weight[i]);
      if (shown(i)) byThread[thread[i]].push(i);
    }
    const begin = times.length > 0 ? times[0] : 0;
    this.begin = begin;
    this.root.width = end - begin;
    let row = 1;
    byThread.forEach((samples, number) => {
      if (samples.length === 0) return;
      const head = this.open(this.root, profile.threadFrame(number), row, 0);
      head.width = this.root.width;
      let deepest = row;
      let open = [head];
      let edge = 0;
      let until = -1;
      for (const i of samples) {
        const path = [];
        for (let at = stack[i]; at !== 0; at = profile.caller[at]) path.push(keyOf(profile.innermost[at]));
        path.reverse();
        // A sample is taken at some moment of its interval: what comes sooner or a little later than the one before ends goes on there. What was filtered out, or lost, is a gap.
        const goesOn = times[i] - begin <= until;
        const x = goesOn ? edge : times[i] - begin;
        let same = 0;
        if (goesOn) while (same < path.length && open[same + 1]?.frame === path[same]) same++;
        open.length = same + 1;
        for (let depth = same; depth < path.length; depth++) open.push(this.open(open[depth], path[depth], row + 1 + depth, x));
        const width = Math.max(weight[i], 0);
        for (const box of open) {
          box.total += width;
          box.samples++;
          if (box !== head) box.width = x + width - box.x;
        }
        open[open.length - 1].self += width;
        deepest = Math.max(deepest, row + path.length);
        edge = x + width;
        until = edge + width / 2;
      }
      this.root.width = Math.max(this.root.width, edge);
      this.root.total += head.total;
      this.root.samples += head.samples;
      row = deepest + 2;
    });
    for (const head of this.root.opened) head.width = this.root.width;
  }

  open(parent, frame, depth, x) {
    const box = new Box(parent, frame);
    box.depth = depth;
    box.x = x;
    box.opened = [];
    parent.opened.push(box);
    return box;
  }

  children(box) { return box.opened; }
  path(box) { return Tree.prototype.path.call(this, box); }

  // By time there are many boxes of one path; a link shows the whole.
  find() { return this.root; }
}
