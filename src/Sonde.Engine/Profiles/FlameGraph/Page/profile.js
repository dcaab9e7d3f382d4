// The profile as it is embedded: frames, stacks as a tree, and weights for each thread, stack and state.

const ROOT = -1;
const KINDS = ['Python', 'native', 'kernel', 'marker'];

class Profile {
  constructor(data) {
    this.info = data.info;
    this.losses = data.losses;
    this.texts = data.texts;
    this.states = data.states;
    this.processes = data.processes.map(([pid, parent, command]) => ({ pid, parent, command }));
    this.threads = data.threads.map(([process, tid, name]) => ({ process, tid, name }));
    this.frames = data.frames;
    this.frameCount = data.frames.kind.length;

    // A caller is stored as its distance, which has fewer digits than its number.
    const distances = data.stacks.caller;
    this.stackCount = distances.length + 1;
    this.caller = new Int32Array(this.stackCount);
    this.innermost = new Int32Array(this.stackCount);
    this.innermost[0] = ROOT;
    for (let i = 1; i < this.stackCount; i++) {
      this.caller[i] = i - distances[i - 1];
      this.innermost[i] = data.stacks.frame[i - 1];
    }

    this.entries = data.entries;
    this.isDiff = Boolean(data.entries.before);
    this.timeline = data.timeline ?? null;
    this.functionOf = this.representatives();
    this.labels = new Map();
  }

  // The first frame of the same function, for each frame: what stands for it when lines do not matter.
  representatives() {
    const known = new Map();
    const { kind, name, file, first } = this.frames;
    return Int32Array.from(kind, (_, i) => {
      const key = `${kind[i]} ${name[i]} ${file[i]} ${first[i]}`;
      if (!known.has(key)) known.set(key, i);
      return known.get(key);
    });
  }

  // The same for all lines of a function.
  functionKey(frame) { return frame >= 0 && frame < this.frameCount ? this.functionOf[frame] : frame; }

  // Frames have the numbers from 0; after them come the threads, then the processes, which are frames where stacks are split by thread.
  threadFrame(thread) { return this.frameCount + thread; }
  processFrame(process) { return this.frameCount + this.threads.length + process; }

  kind(frame) { return frame < 0 || frame >= this.frameCount ? 3 : this.frames.kind[frame]; }
  hue(frame) { return frame < 0 || frame >= this.frameCount ? 0 : this.frames.hue[frame]; }

  name(frame) {
    if (frame === ROOT) return 'all';
    if (frame < this.frameCount) return this.texts[this.frames.name[frame]];
    const thread = frame - this.frameCount;
    return thread < this.threads.length ? this.threadLabel(thread) : this.processLabel(thread - this.threads.length);
  }

  file(frame) { return frame < 0 || frame >= this.frameCount ? '' : this.texts[this.frames.file[frame]]; }

  // The line that ran, or the one where the function begins; 0 when unknown.
  line(frame, thatRan) { return frame < 0 || frame >= this.frameCount ? 0 : (thatRan ? this.frames.line : this.frames.first)[frame]; }

  threadLabel(thread) {
    const { tid, name } = this.threads[thread];
    return `thread (${tid})${name ? `: ${name}` : ''}`;
  }

  processLabel(process) {
    const { pid, command } = this.processes[process];
    return `process ${pid}:"${command}"`;
  }

  // "function (directory/file.py:line)", as it is written into boxes and searched.
  label(frame, withLine) {
    const key = withLine ? frame : ~frame;
    let label = this.labels.get(key);
    if (label === undefined) {
      const file = this.file(frame);
      const short = this.info.fullFileNames ? file : file.split('/').slice(-2).join('/');
      const line = this.line(frame, withLine);
      label = this.name(frame) + (file ? ` (${short}${line > 0 ? `:${line}` : ''})` : '');
      this.labels.set(key, label);
    }
    return label;
  }
}
