// Boxes onto a canvas as large as the window; only the rows in view are drawn.

const ROW = 18;
const NARROWEST = 0.5;
const FONT = '12px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace';

class Drawing {
  constructor(canvas, scroller, spacer) {
    this.canvas = canvas;
    this.scroller = scroller;
    this.spacer = spacer;
    this.context = canvas.getContext('2d', { alpha: false });
    this.rows = [];
    this.columns = 0;
  }

  // Which boxes are wide enough to be seen when one of them fills the width. Those around it keep their row.
  layOut(tree, zoomed, rootBelow) {
    this.tree = tree;
    this.zoomed = zoomed;
    this.rootBelow = rootBelow;
    this.pixels = Math.max(1, this.scroller.clientWidth);
    this.scale = zoomed.width > 0 ? this.pixels / zoomed.width : 0;
    const rows = new Map();
    this.around = new Set();
    for (let above = zoomed; above; above = above.parent) {
      this.around.add(above);
      // On a time axis what is around keeps its own time, and so do other threads.
      if (!tree.isChart || above === tree.root) rows.set(above.depth, [above]);
    }
    if (tree.isChart) this.open(tree, tree.root, rows);
    else this.open(tree, zoomed, rows);
    if (tree.above) this.open(tree.above, tree.above.root, rows);
    this.least = Math.min(0, ...rows.keys());
    this.rows = [];
    for (const [depth, row] of rows) this.rows[depth - this.least] = row;
    this.height = Math.max(this.rows.length * ROW, this.scroller.clientHeight);
    this.spacer.style.height = `${this.height}px`;
  }

  // What a box calls, and so on, as far as it is wide enough and in view.
  open(tree, start, rows) {
    const from = this.zoomed.x;
    const to = from + this.zoomed.width;
    let level = this.scale > 0 ? [start] : [];
    const ends = new Map();
    // On a time axis what is too narrow stands for its neighbours: without it there would be nothing where much happened.
    const isSeen = (child) => {
      if (tree.isChart && (child.x >= to || child.x + child.width <= from)) return false;
      const left = child.x * this.scale;
      if (child.width * this.scale < NARROWEST && (!tree.isChart || left < (ends.get(child.depth) ?? -1))) return false;
      ends.set(child.depth, left + Math.max(child.width * this.scale, 1));
      return true;
    };
    while (level.length > 0) {
      const next = [];
      for (const box of level) {
        for (const child of tree.children(box)) {
          if (!isSeen(child)) continue;
          next.push(child);
          if (!rows.has(child.depth)) rows.set(child.depth, []);
          rows.get(child.depth).push(child);
        }
      }
      level = next;
    }
  }

  // The boxes of a row, by their depth.
  row(depth) { return this.rows[depth - this.least] ?? []; }

  left(box) { return this.isAround(box) ? 0 : Math.max((box.x - this.zoomed.x) * this.scale, this.tree.isChart ? 0 : -Infinity); }
  wide(box) { return this.isAround(box) ? this.pixels : Math.min((box.x + box.width - this.zoomed.x) * this.scale, this.tree.isChart ? this.pixels : Infinity) - this.left(box); }
  isAround(box) { return this.around.has(box); }
  top(depth) { return this.rootBelow ? this.height - (depth - this.least + 1) * ROW : (depth - this.least) * ROW; }

  // Where a box is, in the scrolled area.
  place(box) { return { left: this.left(box), top: this.top(box.depth), width: this.wide(box) }; }

  at(x, y) {
    const inside = y + this.scroller.scrollTop;
    const row = this.rows[Math.floor((this.rootBelow ? this.height - inside : inside) / ROW)];
    if (!row) return null;
    let low = 0;
    let high = row.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.left(row[middle]) <= x) low = middle + 1;
      else high = middle;
    }
    const box = row[low - 1];
    return box && x < this.left(box) + Math.max(1, this.wide(box)) ? box : null;
  }

  draw(paint) {
    const ratio = window.devicePixelRatio || 1;
    const height = Math.max(1, this.scroller.clientHeight);
    const { canvas, context } = this;
    if (canvas.width !== Math.round(this.pixels * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(this.pixels * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.width = `${this.pixels}px`;
      canvas.style.height = `${height}px`;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.font = FONT;
    context.textBaseline = 'middle';
    this.columns ||= context.measureText('0'.repeat(50)).width / 50;
    context.fillStyle = paint.background;
    context.fillRect(0, 0, this.pixels, height);
    const scrolled = this.scroller.scrollTop;
    for (let i = 0; i < this.rows.length; i++) {
      const y = this.top(i + this.least) - scrolled;
      if (!this.rows[i] || y + ROW < 0 || y > height) continue;
      for (const box of this.rows[i]) this.drawBox(box, y, paint);
    }
  }

  drawBox(box, y, paint) {
    const { context } = this;
    const x = this.left(box);
    const width = this.wide(box);
    const wide = width >= 3;
    context.globalAlpha = box !== this.zoomed && this.isAround(box) ? 0.55 : 1;
    context.fillStyle = paint.fill(box);
    context.fillRect(x, y, wide ? width - 1 : Math.max(width, 0.5), ROW - 1);
    if (box === paint.selected) {
      context.strokeStyle = paint.ink;
      context.lineWidth = 2;
      context.strokeRect(x + 1, y + 1, Math.max(0, width - 3), ROW - 3);
    }
    const room = Math.floor((width - 6) / this.columns);
    if (room >= 3) {
      context.fillStyle = paint.text(box);
      context.fillText(fit(paint.label(box), room), x + 3, y + ROW / 2);
    }
    context.globalAlpha = 1;
  }
}

// A text cut to so many columns; characters of Asian scripts and pictures take two.
function fit(text, columns) {
  if (text.length * 2 <= columns) return text;
  let used = 0;
  let end = 0;
  let lastThatLeavesRoom = 0;
  for (const character of text) {
    const width = character.codePointAt(0) >= 0x1100 ? 2 : 1;
    if (used + width > columns) return `${text.slice(0, lastThatLeavesRoom)}…`;
    used += width;
    end += character.length;
    if (used < columns) lastThatLeavesRoom = end;
  }
  return text;
}

// The colours of boxes: a hue for what kind of code it is, shifted by its module.
class Palette {
  constructor(profile, dark) {
    this.profile = profile;
    this.dark = dark;
    this.background = dark ? '#16181d' : '#ffffff';
    this.ink = dark ? '#f2f2f2' : '#111111';
    this.colours = new Map();
  }

  fill(frame) {
    let colour = this.colours.get(frame);
    if (!colour) {
      const hue = this.profile.hue(frame);
      const grey = this.profile.kind(frame) === 3;
      colour = `hsl(${hue} ${grey ? 0 : this.dark ? 45 : 75}% ${this.dark ? (grey ? 32 : 34) : grey ? 85 : 68}%)`;
      this.colours.set(frame, colour);
    }
    return colour;
  }

  // Red has grown, blue has shrunk; the further from grey, the more of the whole it is. A tenth of it is as much as a colour can tell.
  difference(change) {
    const strength = Math.min(1, Math.sqrt(Math.abs(change) / 0.1));
    const light = this.dark ? 30 + strength * 8 : 88 - strength * 26;
    return `hsl(${change > 0 ? 4 : 215} ${Math.round(strength * 80)}% ${light}%)`;
  }

  get match() { return 'rgb(230,0,230)'; }
  text(painted) { return painted ? '#ffffff' : this.ink; }
}
