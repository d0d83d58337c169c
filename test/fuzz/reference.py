"""The reference implementation's answer to each header: read from standard input as 4 bytes of length and the file, answered by one line."""

import struct
import sys

import safetensors

print(safetensors.__version__, flush=True)
while True:
    head = sys.stdin.buffer.read(4)
    if len(head) < 4:
        break
    (length,) = struct.unpack("<I", head)
    data = sys.stdin.buffer.read(length)
    try:
        safetensors.deserialize(data)
        answer = "accepted"
    except safetensors.SafetensorError as error:
        answer = "refused: " + " ".join(str(error).split())[:300]
    except BaseException as error:  # a panic of the reference is not an answer
        answer = "failed: " + " ".join(str(error).split())[:300]
    sys.stdout.buffer.write(answer.encode("utf-8", "backslashreplace") + b"\n")
    sys.stdout.buffer.flush()
