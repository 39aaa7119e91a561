"""A recording is the same file on the device and on the host."""

import numpy as np
import pytest
from training import DATA_MODULE

from fqt.samples.recordings import TYPES, read_recording, recording_bytes

WRITE = """
import array
import fqt
x = array.array({code!r}, {x})
with fqt.Recorder("device.fqd", (2, 3, 1), {code!r}, targets={targets}) as recorder:
    for i in range(4):
        recorder.add(x[i * 6 : i * 6 + 6], {y}[i])
data = fqt.Data("host.fqd")
print([(list(x), label if isinstance(label, int) else list(label)) for x, label in
       (data[i] for i in range(len(data)))])
"""


@pytest.mark.parametrize("code", TYPES)
@pytest.mark.parametrize("targets", [0, 2])
def test_device_and_host_write_the_same_bytes_and_read_each_other_s(unix_port, code, targets):
    rng = np.random.default_rng(1)
    low = 0 if code == "B" else -100
    x = rng.integers(low, 100, (4, 2, 3, 1)).astype(TYPES[code])
    y = rng.integers(-8, 8, (4, 2)) / 4 if targets else rng.integers(0, 255, 4)
    unix_port.put("fqt_data.py", DATA_MODULE.read_bytes())
    unix_port.put("host.fqd", recording_bytes(x, y))
    printed = unix_port.run_code(
        WRITE.format(code=code, x=x.ravel().tolist(), y=y.tolist(), targets=targets)
    )
    assert unix_port.get("device.fqd") == recording_bytes(x, y)
    wanted = [(row.ravel().tolist(), target) for row, target in zip(x, y.tolist(), strict=True)]
    assert eval(printed) == wanted
    (unix_port.folder / "copy.fqd").write_bytes(unix_port.get("device.fqd"))
    np.testing.assert_array_equal(read_recording(unix_port.folder / "copy.fqd").x, x)
