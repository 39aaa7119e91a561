"""Loading a model from a file left pieces of it all over the heap, and a model of 155 KB found no
room in 413 KB that were free."""

CODE = """
import gc
import fqt
fqt.Model("large.fqt")
gc.collect()
before = gc.mem_alloc()
gc.disable()
net = fqt.Model("large.fqt")
print(gc.mem_alloc() - before - net.memory)
"""
BESIDE_THE_MODEL = 2000  # bytes: the file object and its buffer, one piece of the file


def test_reading_a_file_leaves_nothing_on_the_heap(unix_port, large_model):
    data = large_model.to_bytes()
    unix_port.put("large.fqt", data)
    assert len(data) > 20 * BESIDE_THE_MODEL
    assert int(unix_port.run_code(CODE)) < BESIDE_THE_MODEL
