// A drawing area: strokes by pointer or keyboard, and what the network's sensor makes of them.
//
// As the digits that the network learnt were made: the strokes fill a bitmap of 32 x 32, and each of 8 x 8 values counts
// the dots of a block of 4 x 4.

const BITMAP = 32;
const BLOCK = 4;
const BRUSH = 2; // radius of a stroke in the bitmap
const MARGIN = 2;
const UNIT = 15;
const KEY_STEP = 1 / 16;
const ARROWS = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]};

export class Drawing {
    #strokes = []; // of points [x, y] in 0..1
    #pen = {x: 0.5, y: 0.5, isDown: false, isShown: false};
    #canvas;
    #changed;

    // changed: called after each change.
    constructor(canvas, changed) {
        this.#canvas = canvas;
        this.#changed = changed;
        canvas.addEventListener("pointerdown", (event) => {
            canvas.setPointerCapture(event.pointerId);
            this.#pen.isShown = false;
            this.#strokes.push([this.#pointOf(event)]);
            this.#update();
        });
        canvas.addEventListener("pointermove", (event) => {
            if (canvas.hasPointerCapture(event.pointerId)) {
                this.#strokes.at(-1).push(this.#pointOf(event));
                this.#update();
            }
        });
        canvas.addEventListener("keydown", (event) => this.#press(event));
        canvas.addEventListener("blur", () => {
            if (this.#pen.isShown) {
                this.#pen.isShown = false;
                this.paint();
            }
        });
    }

    get isEmpty() {
        return this.#strokes.length === 0;
    }

    clear() {
        this.#strokes = [];
        this.#update();
    }

    // 64 bytes, a row after another.
    sample() {
        const bitmap = new Uint8Array(BITMAP * BITMAP);
        const points = this.#fitted();
        for (let y = 0; y < BITMAP; ++y) {
            for (let x = 0; x < BITMAP; ++x) {
                bitmap[y * BITMAP + x] = points.some(([px, py]) => Math.hypot(px - x - 0.5, py - y - 0.5) <= BRUSH);
            }
        }
        const sample = new Uint8Array(64);
        bitmap.forEach((dot, i) => {
            const block = Math.floor(i / BITMAP / BLOCK) * 8 + Math.floor(i % BITMAP / BLOCK);
            sample[block] += dot * UNIT;
        });
        return sample;
    }

    paint() {
        const {width} = this.#canvas;
        const context = this.#canvas.getContext("2d");
        context.clearRect(0, 0, width, width);
        context.strokeStyle = context.fillStyle = getComputedStyle(this.#canvas).color;
        context.lineWidth = width / 12;
        context.lineCap = context.lineJoin = "round";
        for (const stroke of this.#strokes) {
            context.beginPath();
            context.moveTo(stroke[0][0] * width, stroke[0][1] * width);
            stroke.forEach(([x, y]) => context.lineTo(x * width, y * width));
            context.stroke();
        }
        if (this.#pen.isShown) {
            context.lineWidth = this.#pen.isDown ? 6 : 2;
            context.strokeRect(this.#pen.x * width - 8, this.#pen.y * width - 8, 16, 16);
        }
    }

    // The strokes as dots of the bitmap: they fill its height, or its width, and lie in its middle.
    #fitted() {
        const all = this.#strokes.flat();
        if (all.length === 0) {
            return [];
        }
        const ends = [0, 1].map((axis) => {
            const values = all.map((point) => point[axis]);
            return [Math.min(...values), Math.max(...values)];
        });
        const extent = Math.max(...ends.map(([low, high]) => high - low), 0.2);
        const scale = (BITMAP - 2 * MARGIN - BRUSH) / extent;
        const place = (point) => point.map((value, axis) => BITMAP / 2 +
            (value - (ends[axis][0] + ends[axis][1]) / 2) * scale);
        return this.#strokes.flatMap((stroke) => stroke.flatMap((point, i) => {
            const [x, y] = place(point);
            const [fromX, fromY] = place(stroke[Math.max(i - 1, 0)]);
            const dots = Math.max(1, Math.ceil(Math.hypot(x - fromX, y - fromY)));
            return Array.from({length: dots}, (_, k) => [
                fromX + (x - fromX) * (k + 1) / dots, fromY + (y - fromY) * (k + 1) / dots]);
        }));
    }

    #pointOf(event) {
        const box = this.#canvas.getBoundingClientRect();
        return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    }

    #press(event) {
        const pen = this.#pen;
        if (event.key === " ") {
            pen.isDown = !pen.isDown;
            if (pen.isDown) {
                this.#strokes.push([[pen.x, pen.y]]);
            }
        } else if (ARROWS[event.key]) {
            const [x, y] = ARROWS[event.key];
            pen.x = Math.min(Math.max(pen.x + x * KEY_STEP, 0), 1);
            pen.y = Math.min(Math.max(pen.y + y * KEY_STEP, 0), 1);
            if (pen.isDown) {
                this.#strokes.at(-1)?.push([pen.x, pen.y]);
            }
        } else {
            return;
        }
        event.preventDefault();
        pen.isShown = true;
        this.#update();
    }

    #update() {
        if (this.#strokes.length === 0) {
            this.#pen.isDown = false;
        }
        this.paint();
        this.#changed();
    }
}

// As np.rot90: what a sensor sees that is mounted sideways.
export function turned(sample) {
    return sample.map((_, i) => sample[(i % 8) * 8 + 7 - Math.floor(i / 8)]);
}

export function showSample(canvas, sample) {
    const context = canvas.getContext("2d");
    const cell = canvas.width / 8;
    sample.forEach((value, i) => {
        context.fillStyle = `rgb(${255 - value} ${255 - value} ${255 - value})`;
        context.fillRect(i % 8 * cell, Math.floor(i / 8) * cell, cell, cell);
    });
}
