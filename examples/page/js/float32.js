// The same network in float32, in plain JavaScript: trained a sample at a time by gradient descent, beside the int8 one.
// Shapes are [height][width][channels], as in the model file.

const KINDS = {dense: Dense, conv2d: Conv2D, max_pool2d: MaxPool2D, flatten: Flatten};

export class FloatNetwork {
    // model: of parseModel. Throws Error for a network that is no chain of these kinds.
    constructor(model) {
        this.scale = model.inputScale;
        this.layers = model.layers.map((layer) => {
            if (!KINDS[layer.kind] || !layer.isChained) {
                throw new Error(`no float32 twin for ${layer.kind} (${layer.name})`);
            }
            return new KINDS[layer.kind](layer);
        });
        // Errors flow no further than the first layer that trains.
        this.first = this.layers.findIndex((layer) => layer.parameters && layer.trains);
    }

    forward(sample) {
        let x = Float32Array.from(sample, (byte) => byte * this.scale);
        for (const layer of this.layers) {
            x = layer.forward(x);
        }
        return x;
    }

    predict(sample) {
        const scores = this.forward(sample);
        return scores.indexOf(Math.max(...scores));
    }

    // One step; returns its loss, softmax cross-entropy.
    train(sample, label, rate) {
        let error = softmax(this.forward(sample));
        const loss = -Math.log(Math.max(error[label], 1e-30));
        error[label] -= 1;
        for (let i = this.layers.length - 1; i >= Math.max(this.first, 0); --i) {
            error = this.layers[i].backward(error, rate);
        }
        return loss;
    }
}

export function softmax(scores) {
    const greatest = Math.max(...scores);
    const powers = Float32Array.from(scores, (score) => Math.exp(score - greatest));
    const sum = powers.reduce((a, b) => a + b, 0);
    return powers.map((power) => power / sum);
}

function activate(activation, y) {
    if (activation !== "none") {
        const most = activation === "relu6" ? 6 : Infinity;
        for (let i = 0; i < y.length; ++i) {
            y[i] = Math.min(Math.max(y[i], 0), most);
        }
    }
    return y;
}

function throughActivation(activation, y, dy) {
    if (activation === "none") {
        return dy;
    }
    const most = activation === "relu6" ? 6 : Infinity;
    return dy.map((error, i) => (y[i] > 0 && y[i] < most ? error : 0));
}

// What a dense layer and a convolution share: at each output place the products of every filter with a row of inputs.
// rows[p]: of each element of a filter the input that it reads at output place p, -1: padding.
function weighted(layer, rows) {
    const outputs = layer.outputShape[2];
    const length = rows[0].length;
    const inputs = layer.inputShape.reduce((a, b) => a * b);
    const weights = layer.real.weights.slice();
    const biases = layer.real.biases.slice();
    const columns = rows.map(() => new Float32Array(length));
    const y = new Float32Array(rows.length * outputs);
    const ofRow = new Float32Array(length);
    return {
        parameters: true, trains: layer.trains, weights, biases,
        forward(x) {
            for (let p = 0; p < rows.length; ++p) {
                const column = columns[p];
                for (let k = 0; k < length; ++k) {
                    column[k] = rows[p][k] < 0 ? 0 : x[rows[p][k]];
                }
                for (let o = 0; o < outputs; ++o) {
                    y[p * outputs + o] = biases[o] + dot(weights, o * length, column, length);
                }
            }
            return activate(layer.activation, y);
        },
        backward(output, rate) {
            const dy = throughActivation(layer.activation, y, output);
            const dx = new Float32Array(inputs);
            const steps = new Float32Array(weights.length);
            for (let p = 0; p < rows.length; ++p) {
                ofRow.fill(0);
                for (let o = 0; o < outputs; ++o) {
                    const error = dy[p * outputs + o];
                    if (error !== 0) {
                        addScaled(ofRow, 0, error, weights, o * length, length);
                        addScaled(steps, o * length, rate * error, columns[p], 0, length);
                    }
                }
                for (let k = 0; k < length; ++k) {
                    if (rows[p][k] >= 0) {
                        dx[rows[p][k]] += ofRow[k];
                    }
                }
            }
            if (layer.trains) {
                addScaled(weights, 0, -1, steps, 0, weights.length);
                dy.forEach((error, i) => { biases[i % outputs] -= rate * error; });
            }
            return dx;
        },
    };
}

function dot(weights, at, column, length) {
    let sum = 0;
    for (let k = 0; k < length; ++k) {
        sum += weights[at + k] * column[k];
    }
    return sum;
}

// to[writeAt + k] += factor * from[readAt + k]
function addScaled(to, writeAt, factor, from, readAt, length) {
    for (let k = 0; k < length; ++k) {
        to[writeAt + k] += factor * from[readAt + k];
    }
}

function Dense(layer) {
    return weighted(layer, [Int32Array.from({length: layer.weights.length / layer.outputShape[2]}, (_, k) => k)]);
}

function Conv2D(layer) {
    const channels = layer.inputShape[2];
    const length = layer.kernel[0] * layer.kernel[1] * channels;
    return weighted(layer, windows(layer).map((places) => {
        const row = new Int32Array(length).fill(-1);
        for (const [place, tap] of places) {
            for (let c = 0; c < channels; ++c) {
                row[tap * channels + c] = place * channels + c;
            }
        }
        return row;
    }));
}

function MaxPool2D(layer) {
    const channels = layer.inputShape[2];
    const inputs = layer.inputShape.reduce((a, b) => a * b);
    const places = windows(layer).map((one) => one.map(([place]) => place * channels));
    const from = new Int32Array(places.length * channels);
    const y = new Float32Array(from.length);
    return {
        forward(x) {
            for (let i = 0; i < from.length; ++i) {
                const c = i % channels;
                let best = -1;
                for (const place of places[(i - c) / channels]) {
                    best = best < 0 || x[place + c] > x[best] ? place + c : best;
                }
                from[i] = best;
                y[i] = x[best];
            }
            return y;
        },
        backward(dy) {
            const dx = new Float32Array(inputs);
            dy.forEach((error, i) => { dx[from[i]] += error; });
            return dx;
        },
    };
}

function Flatten() {
    return {forward: (x) => x, backward: (dy) => dy};
}

// For each output place the [input place, tap] that its window reads, without the padding.
function windows({inputShape, outputShape, kernel, stride, pad}) {
    const found = [];
    for (let oy = 0; oy < outputShape[0]; ++oy) {
        for (let ox = 0; ox < outputShape[1]; ++ox) {
            const places = [];
            for (let tap = 0; tap < kernel[0] * kernel[1]; ++tap) {
                const y = oy * stride[0] - pad[0] + Math.floor(tap / kernel[1]);
                const x = ox * stride[1] - pad[1] + tap % kernel[1];
                if (y >= 0 && y < inputShape[0] && x >= 0 && x < inputShape[1]) {
                    places.push([y * inputShape[1] + x, tap]);
                }
            }
            found.push(places);
        }
    }
    return found;
}
