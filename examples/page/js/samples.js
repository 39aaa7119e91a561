// The samples that come with the page (samples.bin, by make.py): of the training and the test part the number, two
// bytes each, then the pixels, 0 to 16, then the labels.

const PIXELS = 64;
const UNIT = 15; // what one of the 16 grey levels is in a sample of bytes

export function parseSamples(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const counts = [view.getUint16(0, true), view.getUint16(2, true)];
    let at = 4;
    const parts = counts.map((count) => {
        const pixels = bytes.slice(at, at + count * PIXELS).map((level) => level * UNIT);
        const labels = bytes.slice(at + count * PIXELS, at + count * (PIXELS + 1));
        at += count * (PIXELS + 1);
        return {count, labels, sample: (i) => pixels.subarray(i * PIXELS, (i + 1) * PIXELS)};
    });
    return {train: parts[0], test: parts[1]};
}
