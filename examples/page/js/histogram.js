// How often each of the 255 values of a weight occurs in a model's layers (those of parseModel).
export function histogramOf(layers) {
    const counts = new Array(255).fill(0);
    for (const {weights} of layers) {
        weights?.forEach((weight) => { ++counts[weight + 127]; });
    }
    return counts;
}
