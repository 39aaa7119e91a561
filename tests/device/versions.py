# Outputs of a model file of an older version, and with its checkpoint.
import fqt

with open("sample.bin", "rb") as file:
    SAMPLE = file.read()
with open("model.fqt", "rb") as file:
    model = fqt.Model(file, master=16)
print(*model.scores(SAMPLE))
model.restore("checkpoint.fqt")
print(*model.scores(SAMPLE))
