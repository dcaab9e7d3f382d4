// From the profile to the boxes: what is filtered out goes, frames that count as the same become one, and the tree is laid open as far as it is seen.

// The stacks that are left, as a tree in arrays: a caller has a smaller number than what it calls, 0 is the root.
class Forest {
  constructor(profile, options) {
    this.profile = profile;
    const keyOf = options.lines ? (frame) => frame : (frame) => profile.functionOf[frame];
    const { thread, stack, state, weight, samples, before } = profile.entries;
    const parents = [0];
    const frames = [ROOT];
    const known = new Map();
    const room = profile.frameCount + profile.threads.length + profile.processes.length + 1;
    const child = (parent, frame) => {
      const key = parent * room + frame;
      let number = known.get(key);
      if (number === undefined) {
        number = parents.length;
        parents.push(parent);
        frames.push(frame);
        known.set(key, number);
      }
      return number;
    };

    const processesDiffer = profile.processes.length > 1;
    const base = (t) => {
      if (!options.byThread || t >= profile.threads.length) return 0;
      const process = profile.threads[t].process;
      const above = processesDiffer && process < profile.processes.length ? child(0, profile.processFrame(process)) : 0;
      return child(above, profile.threadFrame(t));
    };

    // Where a stack of the profile is in here, for each base.
    const places = new Map();
    const path = [];
    const place = (start, wanted) => {
      let known = places.get(start);
      if (!known) {
        known = new Int32Array(profile.stackCount).fill(-1);
        known[0] = start;
        places.set(start, known);
      }
      path.length = 0;
      let at = wanted;
      while (known[at] < 0) {
        path.push(at);
        at = profile.caller[at];
      }
      let here = known[at];
      while (path.length > 0) {
        const next = path.pop();
        here = child(here, keyOf(profile.innermost[next]));
        known[next] = here;
      }
      return here;
    };

    // With the bases one after the other, only one of the large arrays is alive at a time.
    const chosen = [];
    for (let i = 0; i < stack.length; i++) {
      if (!options.hiddenThreads.has(thread[i]) && !options.hiddenStates.has(state[i] >> 1) && (!options.gil || (state[i] & 1))) chosen.push(i);
    }
    if (options.byThread) chosen.sort((a, b) => thread[a] - thread[b] || a - b);
    const ends = new Int32Array(chosen.length);
    let last = -1;
    chosen.forEach((entry, i) => {
      if (options.byThread && thread[entry] !== last) places.clear();
      last = thread[entry];
      ends[i] = place(base(last), stack[entry]);
    });

    this.count = parents.length;
    this.parent = Int32Array.from(parents);
    this.frame = Int32Array.from(frames);
    this.self = new Float64Array(this.count);
    this.selfSamples = new Float64Array(this.count);
    this.selfBefore = new Float64Array(this.count);
    chosen.forEach((entry, i) => {
      this.self[ends[i]] += weight[entry];
      this.selfSamples[ends[i]] += samples[entry];
      if (before) this.selfBefore[ends[i]] += before[entry];
    });
    this.total = this.sums(this.self);
    this.samples = this.sums(this.selfSamples);
    this.before = this.sums(this.selfBefore);
    this.linkChildren();
  }

  sums(own) {
    const sums = own.slice();
    for (let i = this.count - 1; i > 0; i--) sums[this.parent[i]] += sums[i];
    return sums;
  }

  linkChildren() {
    const starts = new Int32Array(this.count + 1);
    for (let i = 1; i < this.count; i++) starts[this.parent[i] + 1]++;
    for (let i = 0; i < this.count; i++) starts[i + 1] += starts[i];
    this.starts = starts;
    this.children = new Int32Array(Math.max(0, this.count - 1));
    const next = starts.slice();
    for (let i = 1; i < this.count; i++) this.children[next[this.parent[i]]++] = i;
  }

  // How much of everything is in stacks with a frame that matches.
  matched(matches) {
    const hit = new Uint8Array(this.count);
    let sum = 0;
    for (let i = 1; i < this.count; i++) {
      hit[i] = hit[this.parent[i]] || (matches(this.frame[i]) ? 1 : 0);
      if (hit[i]) sum += this.self[i];
    }
    return sum;
  }
}

// One box. Its width is its weight, or the other profile's where that is asked for.
class Box {
  constructor(parent, frame, tree = parent.tree) {
    this.parent = parent;
    this.frame = frame;
    this.tree = tree;
    this.depth = parent ? parent.depth + tree.step : 0;
    this.total = 0;
    this.self = 0;
    this.samples = 0;
    this.before = 0;
    this.selfBefore = 0;
    this.width = 0;
    this.x = 0;
    this.source = null;
    this.opened = null;
  }
}

// The boxes, opened on demand: the callers of a hundred thousand stacks would be millions.
class Tree {
  constructor(forest, options) {
    this.forest = forest;
    this.options = options;
    this.step = 1;
    this.root = new Box(null, ROOT, this);
    if (options.callers) this.startFromEnds();
    else this.take(this.root, 0);
    this.measure(this.root);
  }

  measure(box) { box.width = this.options.widthBefore ? box.before : box.total; }

  take(box, number) {
    const { total, self, samples, before, selfBefore } = this.forest;
    box.total = total[number];
    box.self = self[number];
    box.samples = samples[number];
    box.before = before[number];
    box.selfBefore = selfBefore[number];
    box.source = number;
  }

  // Seen from the callees, a box is the stacks that end in its frames: where each of them goes on, and what it weighs.
  startFromEnds() {
    const { self, selfBefore, count } = this.forest;
    const ends = [];
    for (let i = 0; i < count; i++) if (self[i] > 0 || selfBefore[i] > 0) ends.push([i, i]);
    this.root.source = ends;
    for (const [, end] of ends) this.weigh(this.root, end);
  }

  weigh(box, end) {
    box.total += this.ends.self[end];
    box.samples += this.ends.samples[end];
    box.before += this.ends.before[end];
  }

  // What a stack weighs where it ends: what passed in its innermost frame alone.
  get ends() { return { self: this.forest.self, samples: this.forest.selfSamples, before: this.forest.selfBefore }; }

  children(box) {
    if (box.tree !== this) return box.tree.children(box);
    if (!box.opened) {
      box.opened = this.options.callers ? this.openCallers(box) : this.openCallees(box);
      const labels = new Map(box.opened.map((child) => [child, this.forest.profile.label(child.frame, true)]));
      box.opened.sort((a, b) => (labels.get(a) < labels.get(b) ? -1 : labels.get(a) > labels.get(b) ? 1 : a.frame - b.frame));
      let x = box.x;
      for (const child of box.opened) {
        this.measure(child);
        child.x = x;
        x += child.width;
      }
    }
    return box.opened;
  }

  openCallees(box) {
    const { starts, children, frame } = this.forest;
    const opened = [];
    for (let i = starts[box.source]; i < starts[box.source + 1]; i++) {
      const child = new Box(box, frame[children[i]]);
      this.take(child, children[i]);
      opened.push(child);
    }
    return opened;
  }

  openCallers(box) {
    const { parent, frame } = this.forest;
    const { self, before: selfBefore } = this.ends;
    const byFrame = new Map();
    for (const [at, end] of box.source) {
      if (at === 0) {
        box.self += self[end];
        box.selfBefore += selfBefore[end];
        continue;
      }
      let child = byFrame.get(frame[at]);
      if (!child) {
        child = new Box(box, frame[at]);
        child.source = [];
        byFrame.set(frame[at], child);
      }
      child.source.push([parent[at], end]);
      this.weigh(child, end);
    }
    box.source = null;
    return [...byFrame.values()];
  }

  // The frames from the root to a box, and back.
  path(box) {
    const frames = [];
    for (let at = box; at.parent; at = at.parent) frames.push(at.frame);
    return frames.reverse();
  }

  find(frames) {
    let box = this.root;
    for (const frame of frames) {
      const next = this.children(box).find((child) => child.frame === frame);
      if (!next) break;
      box = next;
    }
    return box;
  }
}
