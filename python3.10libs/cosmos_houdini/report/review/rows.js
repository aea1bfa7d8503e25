// Rows of which only those in view exist: thousands of runs cost no more than a screen full of them.

const BEYOND = 1; // rows that are drawn before and after those in view

export class Rows {
  /**
   * @param {HTMLElement} scroller - scrolls
   * @param {HTMLElement} body - holds the rows, and has the height of all of them
   * @param {(row: number) => HTMLElement} draw - makes a row
   * @param {(row: number, element: HTMLElement) => void} drop - frees what a row has open
   */
  constructor(scroller, body, draw, drop = () => {}) {
    Object.assign(this, { scroller, body, draw, drop });
    this.tops = [0];
    this.drawn = new Map();
    scroller.addEventListener("scroll", () => this.schedule(), { passive: true });
    new ResizeObserver(() => this.schedule()).observe(scroller);
  }

  /** Take new rows by their heights, and draw those in view. */
  setHeights(heights) {
    this.tops = [0];
    for (const height of heights) this.tops.push(this.tops.at(-1) + height);
    this.body.style.height = `${this.tops.at(-1)}px`;
    this.clear();
    this.update();
  }

  clear() {
    for (const [row, element] of this.drawn) {
      this.drop(row, element);
      element.remove();
    }
    this.drawn.clear();
  }

  schedule() {
    if (this.frame) return;
    this.frame = requestAnimationFrame(() => {
      this.frame = 0;
      this.update();
    });
  }

  /** The first and the last row in view. */
  range() {
    const top = this.scroller.scrollTop - this.body.offsetTop;
    return [this.rowAt(top), this.rowAt(top + this.scroller.clientHeight)];
  }

  rowAt(offset) {
    let [low, high] = [0, this.tops.length - 2];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.tops[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  update() {
    if (this.tops.length < 2 || this.scroller.clientHeight === 0) return;
    const [first, last] = this.range();
    const [from, to] = [Math.max(0, first - BEYOND), Math.min(this.tops.length - 2, last + BEYOND)];
    for (const [row, element] of this.drawn) {
      if (row >= from && row <= to) continue;
      this.drop(row, element);
      element.remove();
      this.drawn.delete(row);
    }
    for (let row = from; row <= to; row += 1) {
      if (this.drawn.has(row)) continue;
      const element = this.draw(row);
      element.style.transform = `translateY(${this.tops[row]}px)`;
      this.body.append(element);
      this.drawn.set(row, element);
    }
    this.onUpdate?.();
  }

  /** Scroll so that a row is in view, below what covers the top. */
  reveal(row, cover = 0) {
    const [top, bottom] = [this.tops[row] + this.body.offsetTop, this.tops[row + 1] + this.body.offsetTop];
    const { scrollTop, clientHeight } = this.scroller;
    if (top - cover < scrollTop) this.scroller.scrollTop = top - cover;
    else if (bottom > scrollTop + clientHeight) this.scroller.scrollTop = bottom - clientHeight;
    this.update();
  }
}
