#!/usr/bin/env python3
"""Stands in for the worker where a test is about the engine and not about networks: same job directory, same outputs, but
weights and probabilities are digests of what went in. It obeys a file `misbehave` beside the spec (named in BGH_TEST_FAULTS),
lines of the form `<kind> <what>`."""
import csv, hashlib, json, os, signal, sys, time

if sys.argv[1] == "--version-json":
    print(json.dumps({"worker": "test", "libtorch": "2.11.0", "cuda_devices": 0}))
    sys.exit()

folder = sys.argv[1]
job = json.load(open(os.path.join(folder, "job.json")))


def out(port, name, mode="w"):
    os.makedirs(os.path.join(folder, "out", port), exist_ok=True)
    return open(os.path.join(folder, "out", port, name), mode, newline=None if "b" in mode else "")


def result(value):
    part = os.path.join(folder, "result.json.part")
    with open(part, "w") as file:
        json.dump(value, file)
    os.rename(part, os.path.join(folder, "result.json"))


def essence():
    digest = hashlib.sha256(json.dumps([job["kind"], job["params"], job["seed"]], sort_keys=True).encode())
    for port in sorted(job["inputs"]):
        for name, path in sorted(job["inputs"][port].items()):
            digest.update(f"{port}/{name}".encode() + open(path, "rb").read())
    return digest.hexdigest()


def train(digest):
    header = b'{"conv1.bias":{"dtype":"F32","shape":[5],"data_offsets":[0,20]}}'
    with out("model", "weights.safetensors", "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header + bytes.fromhex(digest)[:20])
    with out("model", "model.json") as file:
        json.dump({"network": job["params"]["network"]}, file)
    with out("curves", "curves.csv") as file:
        file.write("epoch,updates,learning_rate,train_loss,tune_loss,tune_accuracy\n0,0,0.1,,1.1,0.3\n1,2,0.1,1.0,0.9,0.5\n")
    record = dict(network="alexnet", parameters=1, start="untrained", images=1, planned_epochs=1, epochs=1, updates=2, best_epoch=1,
                  best_tune_loss=0.9, loaded=[], reinitialised=[], ignored=[])
    with out("record", "training.json") as file:
        json.dump(record, file)


def predict(digest):
    rows = list(csv.DictReader(open(job["inputs"]["images"]["images.csv"])))
    with out("predictions", "predictions.csv") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["exam", "slice", "class", "p_none", "p_left", "p_right"])
        for row in rows:
            draw = hashlib.sha256((digest + row["exam"] + row["slice"]).encode()).digest()
            none = (draw[0] + 1) / 258
            writer.writerow([row["exam"], row["slice"], row["class"], none, (1 - none) / 2, (1 - none) / 2])


def misbehave():
    path = os.environ.get("BGH_TEST_FAULTS", "")
    lines = open(path).read().splitlines() if os.path.exists(path) else []
    for kind, what in (line.split(" ", 1) for line in lines):
        if kind != job["kind"]:
            continue
        if what == "abort":
            sys.stderr.write("terminate called after throwing an instance of 'c10::Error'\n")
            sys.stderr.flush()
            os.kill(os.getpid(), signal.SIGABRT)
        if what == "exit":
            sys.exit(7)
        if what == "report":
            result({"failed": "the loss is not a number at update 3; try a smaller learning rate"})
            sys.exit()
        if what == "talk":  # says how far it is until a file `go` lies beside the spec
            parent, go = os.getppid(), os.path.join(os.path.dirname(path), "go")
            for text in ("first words", "more words"):
                print(text, file=sys.stderr, flush=True)
            for done in (1, 2):
                with open(os.path.join(folder, "events.jsonl"), "a") as file:
                    file.write(json.dumps({"done": done, "total": 4, "unit": "updates"}) + "\n")
                time.sleep(0.3)
            while not os.path.exists(go) and os.getppid() == parent:
                time.sleep(0.02)
            print("last words", file=sys.stderr, flush=True)
        if what == "edit":  # writes to the user's file that it reads
            for path in job["inputs"].get("start", {}).values():
                with open(path, "ab") as file:
                    file.write(b"b")
        if what == "hang":
            open(os.path.join(folder, "hanging"), "w").close()
            parent = os.getppid()
            while os.getppid() == parent:  # as the real worker dies with bgh
                time.sleep(0.02)
            sys.exit()


misbehave()
{"train": train, "pretrain": train, "predict": predict}[job["kind"]](essence())
result({"done": {"device": "cpu", "peak_memory": 1}})
