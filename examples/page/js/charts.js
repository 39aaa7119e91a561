// Charts on canvases: accuracies over epochs, losses over samples, and the histogram of the weights. Colours are those of
// style.css.

const LEFT = 42;
const BOTTOM = 22;
const TOP = 10;

// A canvas as sharp as the screen; returns its context and its size in the page's pixels.
function prepared(canvas) {
    const {clientWidth: width, clientHeight: height} = canvas;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    const context = canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.font = "12px system-ui, sans-serif";
    return {context, width, height};
}

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`);

// accuracies: [{int8, float32}] in 0..1, the first before training; float32 may be null. epochs: the axis' end.
export function drawCurves(canvas, accuracies, epochs) {
    const {context, width, height} = prepared(canvas);
    const x = (epoch) => LEFT + epoch / epochs * (width - LEFT - 8);
    const y = (share) => TOP + (1 - share) * (height - TOP - BOTTOM);
    context.fillStyle = colour("quiet");
    context.strokeStyle = colour("line");
    context.textBaseline = "middle";
    for (const share of [0, 0.25, 0.5, 0.75, 1]) {
        context.textAlign = "right";
        context.fillText(`${100 * share}%`, LEFT - 6, y(share));
        line(context, [[LEFT, y(share)], [width - 8, y(share)]]);
    }
    context.textAlign = "center";
    for (let epoch = 0; epoch <= epochs; epoch += 5) {
        context.fillText(epoch, x(epoch), height - 8);
    }
    context.lineWidth = 2.5;
    for (const name of ["float32", "int8"]) {
        const points = accuracies.filter((one) => one[name] !== null).map((one, i) => [x(i), y(one[name])]);
        context.strokeStyle = context.fillStyle = colour(name);
        context.setLineDash(name === "float32" ? [6, 4] : []);
        line(context, points);
        points.forEach(([px, py]) => {
            context.beginPath();
            context.arc(px, py, 3, 0, 7);
            context.fill();
        });
    }
}

// losses: {page, board}, each of {recent}, the mean loss of so many samples (every); the page's as a tube, in which the
// board's line shall lie. points: the axis' end.
export function drawLosses(canvas, losses, points, every) {
    const {context, width, height} = prepared(canvas);
    const greatest = Math.max(...[...losses.page, ...losses.board].map(({recent}) => recent), 0.5);
    const unit = greatest > 3 ? 1 : 0.5;
    const most = Math.ceil(greatest / unit) * unit;
    const x = (point) => LEFT + point / points * (width - LEFT - 8);
    const y = (loss) => TOP + (1 - loss / most) * (height - TOP - BOTTOM);
    context.fillStyle = colour("quiet");
    context.strokeStyle = colour("line");
    context.textBaseline = "middle";
    for (let loss = 0; loss <= most; loss += unit) {
        context.textAlign = "right";
        context.fillText(loss.toFixed(1), LEFT - 6, y(loss));
        line(context, [[LEFT, y(loss)], [width - 8, y(loss)]]);
    }
    context.textAlign = "center";
    for (let point = 0; point <= points; point += points / 3) {
        const text = Math.round(point * every).toLocaleString("en");
        context.fillText(text, Math.min(x(point), width - 20), height - 8);
    }
    context.lineJoin = "round";
    const strokes = [["page", "before", 7], ["page", "card", 4.5], ["board", "int8", 2.5]];
    for (const [name, colourName, lineWidth] of strokes) {
        context.strokeStyle = colour(colourName);
        context.lineWidth = lineWidth;
        line(context, losses[name].map(({recent}, i) => [x(i + 1), y(recent)]));
    }
}

// counts, before: of the values -127 to 127.
export function drawHistogram(canvas, counts, before) {
    const {context, width, height} = prepared(canvas);
    const most = Math.max(...counts, ...before, 1);
    const x = (value) => 8 + (value + 127.5) / 255 * (width - 16);
    const y = (count) => height - BOTTOM - count / most * (height - TOP - BOTTOM);
    context.fillStyle = colour("int8");
    counts.forEach((count, i) => context.fillRect(x(i - 127.5), y(count), (width - 16) / 255, height - BOTTOM - y(count)));
    context.strokeStyle = colour("before");
    context.lineWidth = 1.5;
    line(context, before.map((count, i) => [x(i - 127), y(count)]));
    context.fillStyle = colour("quiet");
    context.textAlign = "center";
    for (const value of [-127, -64, 0, 64, 127]) {
        context.fillText(value, Math.min(Math.max(x(value), 18), width - 16), height - 7);
    }
}

function line(context, points) {
    context.beginPath();
    points.forEach(([x, y]) => context.lineTo(x, y));
    context.stroke();
}
