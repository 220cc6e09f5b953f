#!/usr/bin/env python3
"""Stands in for the worker where a test is about the engine and not about networks: same job directory, same outputs, but
weights and probabilities are digests of what went in. It obeys a file `misbehave` beside the spec (named in BGH_TEST_FAULTS),
lines of the form `<kind> <what>`."""
import csv, glob, hashlib, json, os, signal, sys, time

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
            content = learned(path) if (job["kind"], name) == ("train", "images.csv") else open(path, "rb").read()
            digest.update(f"{port}/{name}".encode() + content)
    return digest.hexdigest()


def learned(path):
    """What a training learns of the index of its images: their classes in order, not whose they are."""
    return "\n".join(row["class"] for row in csv.DictReader(open(path))).encode()


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


def beside(name):
    return os.environ.get("BGH_TEST_FAULTS", "misbehave") + "." + name


def first_time():
    """Whether this job was never tried before."""
    try:
        os.close(os.open(beside("tried-" + os.path.basename(folder)), os.O_CREAT | os.O_EXCL))
        return True
    except FileExistsError:
        return False


def trace(what):
    """One line into a file that the test may have made."""
    if os.path.exists(beside("trace")):
        line = f"{what} {job['kind']} {os.path.basename(folder)} {os.environ['CUDA_VISIBLE_DEVICES'] or '-'} {job['threads']}\n"
        with open(beside("trace"), "a") as file:
            file.write(line)


def meet(number):
    """Goes on when so many workers are here at once."""
    open(beside(f"here-{os.getpid()}"), "w").close()
    for _ in range(6000):
        if len(glob.glob(beside("here-*"))) >= number:
            return
        time.sleep(0.01)
    sys.exit("nobody came")


def stay():
    """Works on whatever happens to its parent."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with open(beside("pid-part"), "w") as file:
        file.write(str(os.getpid()))
    os.rename(beside("pid-part"), beside("pid"))
    while True:
        with open(os.path.join(folder, "stays"), "a") as file:
            file.write("here\n")
        time.sleep(0.01)


def checkpoint():
    kept = os.path.join(folder, "checkpoint", "kept")
    if os.path.exists(kept):
        return

    def keep(*_):
        os.makedirs(os.path.dirname(kept), exist_ok=True)
        open(kept, "w").close()
        result("interrupted")
        sys.exit()

    signal.signal(signal.SIGTERM, keep)
    open(beside("waits"), "w").close()
    while True:
        time.sleep(0.01)


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
            done = 1
            while not os.path.exists(go) and os.getppid() == parent:
                with open(os.path.join(folder, "events.jsonl"), "a") as file:
                    file.write(json.dumps({"done": done, "total": 4, "unit": "updates"}) + "\n")
                done = 2
                time.sleep(0.3)
            print("last words", file=sys.stderr, flush=True)
        if what == "learn":  # trains, and says so, until a file `go` lies beside the spec
            parent, go, done = os.getppid(), os.path.join(os.path.dirname(path), "go"), 0
            print("<script>alert('from a log')</script>", file=sys.stderr, flush=True)
            while not os.path.exists(go) and os.getppid() == parent:
                done += 1
                told = dict(epoch=done // 10, loss=1 / done, tune_loss=2 / done, tune_accuracy=0.5, learning_rate=0.01,
                            images_per_second=100.0, seconds_left=9.0, peak_memory=1 << 20)
                with open(os.path.join(folder, "events.jsonl"), "a") as file:
                    file.write(json.dumps({"done": done, "total": 1000, "unit": "updates", "training": told}) + "\n")
                time.sleep(0.05)
        if what == "abort-once" and first_time():
            os.kill(os.getpid(), signal.SIGABRT)
        if what == "device-full-once" and first_time():
            trace("full")
            result({"failed": "CUDA out of memory. Tried to allocate 2.00 GiB"})
            sys.exit()
        if what == "host-full-once" and first_time():
            trace("full")
            os.kill(os.getpid(), signal.SIGKILL)
        if what == "slow" and job["params"]["solver"]["learning_rate"] > 0.005:
            time.sleep(0.7)
        if what.startswith("meet "):
            meet(int(what.split()[1]))
        if what == "stay":
            stay()
        if what == "draw":
            job["seed"] = os.urandom(8).hex()
        if what == "edit":  # writes to the user's file that it reads
            for path in job["inputs"].get("start", {}).values():
                with open(path, "ab") as file:
                    file.write(b"b")
        if what == "checkpoint":  # asked to stop, it keeps what it has; with that it goes on
            checkpoint()
        if what == "hang":
            open(os.path.join(folder, "hanging"), "w").close()
            parent = os.getppid()
            while os.getppid() == parent:  # as the real worker dies with bgh
                time.sleep(0.02)
            sys.exit()


trace("start")
misbehave()
{"train": train, "pretrain": train, "predict": predict}[job["kind"]](essence())
trace("end")
result({"done": {"device": "cpu", "peak_memory": 1}})
