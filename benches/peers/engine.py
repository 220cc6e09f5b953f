"""Time the engine beside DVC, Snakemake and ninja on the same commands, and print the tables for benches/README.md.

Every tool gets a folder of its own with the same sources and the same commands, written in its own language. One round runs everything
cold, again with nothing to do, after a touch of every source, with one parameter changed, and with the parameter set back. Tools take turns
within a round, so that a busy moment hits all of them; the fastest of all rounds counts. A tool that is not installed is named.

    python3 benches/peers/engine.py                          # all shapes
    python3 benches/peers/engine.py --shapes chains:10000    # shapes: spec, study, chains:<number>, hash:<MiB>
    python3 benches/peers/engine.py --tools bgh,ninja --rounds 5
    python3 benches/peers/engine.py --scenes cold,nothing    # scenes by their beginning
    python3 benches/peers/engine.py --write DIR              # only write the projects

`spec` is `experiments/study.toml` on small phantoms, whose trainings the tests' stand-in worker pretends to do; nobody else has such a thing, so
only bgh runs it. `hash` is the time that new sources take, beside `b3sum`.

Ninja and bgh look for what changed by different means: ninja by modification time alone, so it reruns after a touch and after a parameter
is set back, and does not notice an edit that keeps the time. That it does less is part of what the times say. What bgh and DVC make lies in
their caches; DVC lays it out in the project as well, ninja and Snakemake have it only there.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SCENES = ["cold", "nothing to do", "all touched", "parameter changed", "parameter set back"]
CAT, TAIL = "cat", "tail -qc 100000"


@dataclass
class Step:
    """A command that reads `sources` and outputs of other steps, and writes `<name>.txt`."""

    name: str
    sources: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    program: str = CAT
    parameter: int = 0
    # End of the name that it does not share with steps of the same sort, which a tool may write as one.
    value: str = ""

    def inputs(self):
        return self.sources + [output(name) for name in self.steps]

    def sort(self):
        return self.name.removesuffix(self.value)


@dataclass
class Time:
    """Of one run: seconds by the clock and of all cores, children included; largest memory of one process, MiB."""

    wall: float
    cpu: float
    memory: float


def output(name):
    return f"out/{name}.txt"


def study():
    """310 sources of 512 KiB; ten steps put 31 each together, ten read one of these, one compares, one reports."""
    sources = {f"data/{at // 31}/{at:03}.bin": os.urandom(512 * 1024) for at in range(310)}
    names = list(sources)
    prepare = [Step(f"prepare{at}", sources=names[31 * at : 31 * at + 31]) for at in range(10)]
    model = [Step(f"model{at}", steps=[f"prepare{at}"], program=TAIL) for at in range(10)]
    join = Step("join", steps=[step.name for step in model])
    return sources, [*prepare, *model, join, Step("last", steps=["join"])], "model3"


def chains(number):
    """Three steps after one another on each of `number` sources of ten bytes; the last is the one whose parameter is changed."""
    sources = {f"data/{at:05}.txt": f"{at:09}\n".encode() for at in range(number - 1)}
    steps = []
    for source in sources:
        value = Path(source).stem
        steps += [Step(f"a{value}", sources=[source], value=value)]
        steps += [Step(f"{to}{value}", steps=[f"{of}{value}"], value=value) for of, to in ("ab", "bc")]
    special = [Step("special_a", sources=["special/one.txt"]), Step("special_b", steps=["special_a"])]
    return {**sources, "special/one.txt": b"special\n"}, [*steps, *special, Step("special_c", steps=["special_b"])], "special_b"


class Tool:
    """How one tool is given the steps and started."""

    def __init__(self, program):
        self.program = program

    def version(self):
        try:
            asked = subprocess.run([self.program, "--version"], capture_output=True, text=True, timeout=60)
        except OSError:
            return None
        return asked.stdout.strip().splitlines()[0] if asked.returncode == 0 and asked.stdout else None

    def prepare(self, folder):
        (folder / "out").mkdir(exist_ok=True)

    def confirm(self, scene, steps, said):
        pass


class Ninja(Tool):
    name = "ninja"

    def write(self, folder, steps):
        text = ["rule step", "  command = $program $in > $out && : $parameter", ""]
        for step in steps:
            text += [f"build {output(step.name)}: step {' '.join(step.inputs())}"]
            text += [f"  parameter = {step.parameter}", f"  program = {step.program}"]
        (folder / "build.ninja").write_text("\n".join(text) + "\n")

    def command(self, jobs):
        return [self.program, "--quiet", "-j", str(jobs)]


class Bgh(Tool):
    name = "bgh"

    def write(self, folder, steps):
        sorts = {step.sort(): step for step in steps}
        text = ['name = "engine"', *[self.stage(step, sorts) for step in sorts.values()]]
        (folder / "engine.toml").write_text("\n\n".join(text) + "\n")

    def stage(self, step, sorts):
        """All steps of one sort: their names and sources differ in the value of an axis."""
        fanned = (lambda text: text.replace(step.value, "{x}")) if step.value else str
        read = [f"{{inputs.{name.removesuffix(step.value)}}}" for name in step.steps]
        ports = [f'{name} = {{ stage = "{name}" }}' for name in (name.removesuffix(step.value) for name in step.steps)]
        if len(step.sources) == 1:
            read, ports = ["{inputs.source}"], [f'source = "{fanned(step.sources[0])}"']
        elif step.sources:
            read, ports = ["{inputs.sources}/*"], [f'sources = "{Path(step.sources[0]).parent}/*"']
        text = ["[[stage]]", f'name = "{step.sort()}"', f'run = "{step.program} {" ".join(read)} > {{outputs.out}} && : {{params.parameter}}"']
        text += [f"inputs = {{ {', '.join(ports)} }}", 'outputs = { out = "out.txt" }', f"params = {{ parameter = {step.parameter} }}"]
        return "\n".join(text + ['for_each = { x = "data/*.txt" }'] * bool(step.value))

    def command(self, jobs):
        return [self.program, "run", "engine.toml", "--jobs", str(jobs)]

    def confirm(self, scene, steps, said):
        """What it says it did is what the scene leaves to do."""
        expected = f"{steps} steps: {steps} cached" if scene in ("nothing to do", "all touched", "parameter set back") else f"{steps} steps: "
        assert expected in said, said


class Dvc(Tool):
    name = "DVC"

    def prepare(self, folder):
        super().prepare(folder)
        subprocess.run([self.program, "init", "--no-scm", "--quiet"], cwd=folder, check=True)
        subprocess.run([self.program, "config", "core.analytics", "false"], cwd=folder, check=True)

    def write(self, folder, steps):
        text = ["stages:"]
        for step in steps:
            text += [f"  {step.name}:", f"    cmd: {step.program} {' '.join(step.inputs())} > {output(step.name)} && ':' {step.parameter}"]
            text += ["    deps:", *[f"      - {name}" for name in step.inputs()], "    outs:", f"      - {output(step.name)}"]
        (folder / "dvc.yaml").write_text("\n".join(text) + "\n")

    def command(self, _jobs):
        return [self.program, "repro", "--quiet"]


class Snakemake(Tool):
    name = "Snakemake"

    def write(self, folder, steps):
        last = {step.name for step in steps} - {name for step in steps for name in step.steps}
        text = ["rule all:", f"    input: {[output(name) for name in sorted(last)]}", ""]
        for step in steps:
            text += [f"rule {step.name}:", f"    input: {step.inputs()}", f'    output: "{output(step.name)}"']
            text += [f"    params: parameter={step.parameter}"]
            text += [f'    shell: "{step.program} {{input}} > {{output}} && : {{params.parameter}}"', ""]
        (folder / "Snakefile").write_text("\n".join(text))

    def command(self, jobs):
        return [self.program, "--quiet", "all", "--cores", str(jobs)]


TOOLS = {"bgh": Bgh, "ninja": Ninja, "dvc": Dvc, "snakemake": Snakemake}


def main():
    arguments = parse()
    tools = present(arguments)
    print(machine(tools))
    for shape in arguments.shapes.split(","):
        kind, _, number = shape.partition(":")
        if kind == "spec":
            time_spec(arguments)
        elif kind == "hash":
            time_hash(int(number), arguments)
        else:
            race(tools, shape, study() if kind == "study" else chains(int(number)), arguments)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bgh", type=lambda path: Path(path).resolve(), default=ROOT / "target/release/bgh", help="release build of bgh")
    parser.add_argument("--bin", type=Path, help="folder with dvc and snakemake, where they are not on the path")
    parser.add_argument("--tools", default=",".join(TOOLS), help="which tools, of: " + ", ".join(TOOLS))
    parser.add_argument("--shapes", default="spec,study,chains:1000,chains:10000,hash:1024", help="separated by commas")
    parser.add_argument("--scenes", default=",".join(SCENES), help="beginnings of their names; cold always comes first")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--repeats", type=int, default=10, help="how often a round looks again when there is nothing to do")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--limit", type=float, default=600, help="seconds for one run; a tool that takes longer is left out from there on")
    parser.add_argument("--write", type=Path, help="write the projects there and run nothing")
    return parser.parse_args()


def present(arguments):
    tools = []
    for name in arguments.tools.split(","):
        program = arguments.bgh if name == "bgh" else shutil.which(name, path=arguments.bin) or shutil.which(name) or name
        tool = TOOLS[name](str(program))
        if arguments.write or tool.version():
            tools.append(tool)
        else:
            print(f"{tool.name} is not installed", file=sys.stderr)
    return tools


def race(tools, shape, project, arguments):
    best, out = {}, set()
    scenes = [scene for scene in SCENES if scene.startswith(("cold", *arguments.scenes.split(",")))]
    for turn in range(1 if arguments.write else arguments.rounds):
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as scratch:
            place = arguments.write / shape.replace(":", "-") if arguments.write else Path(scratch)
            folders = {tool.name: laid_out(tool, place / tool.name.lower(), project, arguments.write) for tool in tools}
            for scene in [] if arguments.write else scenes:
                for tool in (tool for tool in tools if tool.name not in out):
                    taken = play(tool, folders[tool.name], project, scene, arguments)
                    best.setdefault((scene, tool.name), []).extend(taken)
                    if not taken:
                        out.add(tool.name)
            print(f"{shape}: round {turn + 1} is done", file=sys.stderr)
    if not arguments.write:
        print_table(shape, len(project[1]), tools, scenes, best)


def laid_out(tool, folder, project, only_write):
    sources, steps, _ = project
    for name, content in sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    if not only_write:
        tool.prepare(folder)
    tool.write(folder, steps)
    return folder


def play(tool, folder, project, scene, arguments):
    """The times of one scene; none when it failed or took too long."""
    sources, steps, special = project
    if scene == "all touched":
        for name in sources:
            os.utime(folder / name)
    if scene.startswith("parameter"):
        changed = 1 if scene == "parameter changed" else 0
        tool.write(folder, [replace(step, parameter=changed if step.name == special else 0) for step in steps])
    # What the scene has just written is not what is measured.
    os.sync()
    times = []
    while len(times) < (arguments.repeats if scene == "nothing to do" else 1):
        taken = timed(tool.command(arguments.jobs), folder, arguments.limit)
        if taken is None:
            return times
        tool.confirm(scene, len(steps), (folder / "said").read_text(errors="replace"))
        times.append(taken)
        if taken.wall > 1:
            break
    return times


def time_spec(arguments):
    """The default study with nothing to do."""
    command = [arguments.bgh, "run", "study.toml", "--set", "cohort.phantom.matrix=64", "--set", "images.size=80"]
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as scratch:
        folder = Path(scratch)
        shutil.copy(ROOT / "experiments/study.toml", folder)
        os.environ["BGH_TORCH"] = str(ROOT / "tests/common/worker.py")
        first = timed(command, folder, arguments.limit)
        again = [timed(command, folder, arguments.limit) for _ in range(arguments.rounds * arguments.repeats)]
        said = (folder / "said").read_text()
    steps = said.partition(" steps: ")[0].split()[-1]
    assert first and f"{steps} steps: {steps} cached" in said, said
    print(f"\nstudy.toml, {steps} steps\n\n{HEAD}")
    print(row("nothing to do", "bgh", again, None))


def time_hash(mebibytes, arguments):
    """New sources in files of 512 KiB: the digests of all, and what needs them."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as scratch:
        folder, times = Path(scratch), {"b3sum": [], "bgh": []}
        (folder / "data").mkdir()
        for at in range(2 * mebibytes):
            (folder / f"data/{at:05}.bin").write_bytes(os.urandom(512 * 1024))
        Bgh(str(arguments.bgh)).write(folder, [Step("all", sources=[f"data/{at:05}.bin" for at in range(2 * mebibytes)])])
        names = [f"data/{at:05}.bin" for at in range(2 * mebibytes)]
        os.sync()
        for _ in range(arguments.rounds):
            shutil.rmtree(folder / "cache", ignore_errors=True)
            times["b3sum"].append(timed(["b3sum", *names], folder, arguments.limit))
            times["bgh"].append(timed([arguments.bgh, "run", "--plan", "engine.toml"], folder, arguments.limit))
    if None in times["b3sum"] + times["bgh"]:
        return
    print(f"\n{mebibytes} MiB of new sources in files of 512 KiB\n\n{HEAD.replace('ninja', 'b3sum')}")
    floor = min(taken.wall for taken in times["b3sum"])
    for tool, taken in times.items():
        print(row("hash", tool, taken, floor))


# A process starts with the memory of the one that it is forked from, so the one that measures has to be small.
MEASURE = """
import json, os, sys, time
began = time.perf_counter()
said = os.open("said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
actions = [(os.POSIX_SPAWN_DUP2, said, 1), (os.POSIX_SPAWN_DUP2, said, 2)]
pid = os.posix_spawnp(sys.argv[1], sys.argv[1:], os.environ, file_actions=actions)
_, status, usage = os.wait4(pid, 0)
wall = time.perf_counter() - began
print(json.dumps([os.waitstatus_to_exitcode(status), wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024]))
"""


def timed(command, folder, limit):
    environment = {**os.environ, "NO_COLOR": "1", "DVC_NO_ANALYTICS": "true"}
    command = [str(word) for word in command]
    measure = [sys.executable, "-S", "-c", MEASURE, *command]
    try:
        measured = subprocess.run(measure, cwd=folder, env=environment, capture_output=True, check=True, timeout=limit)
    except subprocess.TimeoutExpired:
        print(f"{' '.join(command)}: longer than {limit} s", file=sys.stderr)
        return None
    code, *taken = json.loads(measured.stdout)
    if code != 0:
        last = (folder / "said").read_text(errors="replace").strip().splitlines()[-3:]
        print(f"{' '.join(command)}: exit {code}: {' / '.join(last)}", file=sys.stderr)
        return None
    return Time(*taken)


HEAD = "| scene | tool | whole process | × ninja | of all cores | memory |\n|---|---|---|---|---|---|"


def print_table(shape, steps, tools, scenes, best):
    print(f"\n{shape}, {steps} steps\n\n{HEAD}")
    for scene in scenes:
        floor = min((taken.wall for taken in best.get((scene, "ninja"), [])), default=None)
        for tool in tools:
            print(row(scene, tool.name, best.get((scene, tool.name)), floor))


def row(scene, tool, runs, floor):
    """The least of each, which a busy machine disturbs least; of memory the most."""
    if not runs:
        return f"| {scene} | {tool} | failed or too long |  |  |  |"
    wall, cpu = min(taken.wall for taken in runs), min(taken.cpu for taken in runs)
    memory = max(taken.memory for taken in runs)
    times = f"{wall / floor:.2f}" if floor else ""
    return f"| {scene} | {tool} | {seconds(wall)} | {times} | {seconds(cpu)} | {memory:.0f} MiB |"


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.1f} ms"


def machine(tools):
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    versions = ", ".join(f"{tool.name} {tool.version() or ''}".strip() for tool in tools)
    return f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {versions}"


if __name__ == "__main__":
    main()
