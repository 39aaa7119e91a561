// A model file's layers, for the float32 twin, the histogram and the table (natmod/core/model/fqt_file.h has the layout).
// The core has checked the file before: nothing is checked here.

const HEADER_BYTES = 64;
const RECORD_BYTES = 72;
const KINDS = ["", "dense", "conv2d", "max_pool2d", "flatten", "depthwise_conv2d", "average_pool2d", "add", "multiply",
    "table", "concatenate", "upsample2d", "lstm", "gru"];
const ACTIVATIONS = ["none", "relu", "relu6"];
const TRAINABLE = 1;
const LOW_BYTES = 2;
const LOW_HALVES = 4;

// {name, inputShape, inputScale, layers}; a layer: kind, name, input and output shapes [height, width, channels], window,
// and those with weights: int8 `weights` and float32 `real` weights and biases.
export function parseModel(file) {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    const inputShape = shapeAt(view, 16);
    const shapes = [inputShape];
    const layers = [];
    for (let i = 0; i < view.getUint16(12, true); ++i) {
        const layer = parseLayer(file, view, HEADER_BYTES + i * RECORD_BYTES, shapes);
        shapes.push(layer.outputShape);
        layers.push(layer);
    }
    return {name: textAt(file, 40), inputShape, inputScale: view.getFloat32(24, true), layers};
}

function parseLayer(file, view, at, shapes) {
    const flags = file[at + 2];
    const input = view.getUint16(at + 4, true);
    const layer = {
        kind: KINDS[file[at]], activation: ACTIVATIONS[file[at + 1]], trains: Boolean(flags & TRAINABLE),
        input, isChained: input === shapes.length - 1 && view.getUint16(at + 6, true) === 0xFFFF,
        inputShape: shapes[input], outputShape: shapeAt(view, at + 8), name: textAt(file, at + 56),
        kernel: [file[at + 14], file[at + 15]], stride: [file[at + 16], file[at + 17]],
        pad: [file[at + 18], file[at + 20]], parameters: 0,
    };
    const place = (blob) => view.getUint32(at + 40 + 4 * blob, true);
    const elements = weightElements(layer);
    if (elements > 0) {
        const outputs = layer.outputShape[2];
        layer.weights = new Int8Array(file.buffer, file.byteOffset + place(0), elements);
        layer.parameters = elements + outputs;
        const low = lowBits(file, place(1), flags);
        const scales = Array.from({length: outputs}, (_, o) => view.getFloat32(place(2) + 4 * o, true));
        const biasScale = view.getFloat32(at + 28, true);
        const ofFilter = elements / outputs;
        layer.real = {
            weights: Float32Array.from(layer.weights, (w, j) => (w + low(j)) * scales[Math.floor(j / ofFilter)]),
            biases: Float32Array.from(scales, (s, o) => view.getInt32(place(3) + 4 * o, true) * s * biasScale),
        };
    }
    return layer;
}

function weightElements({kind, kernel, inputShape, outputShape}) {
    const taps = kernel[0] * kernel[1];
    return {
        dense: outputShape[2] * inputShape[0] * inputShape[1] * inputShape[2],
        conv2d: outputShape[2] * taps * inputShape[2],
        depthwise_conv2d: outputShape[2] * taps,
    }[kind] ?? 0;
}


// What weight j has behind the point.
function lowBits(file, place, flags) {
    if (place === 0) {
        return () => 0;
    }
    if (flags & LOW_BYTES) {
        return (j) => ((file[place + j] << 24) >> 24) / 256;
    }
    return flags & LOW_HALVES ? (j) => ((file[place + (j >> 1)] << (j % 2 ? 24 : 28)) >> 28) / 16 : () => 0;
}

function shapeAt(view, at) {
    return [0, 2, 4].map((offset) => view.getUint16(at + offset, true));
}

function textAt(file, at) {
    const bytes = file.slice(at, at + 16);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
}
