"""Time the engine beside DVC, Snakemake and ninja on the same commands, and print the table for benches/README.md.

Every tool gets a folder of its own with the same sources and the same commands, written in its own language. One round runs everything
cold, again with nothing to do, after a touch of every source, with one parameter changed, and with the parameter set back. Tools take turns
within a round, so that a busy moment hits all of them; the fastest of all rounds counts. A tool that is not installed is named.

    python3 benches/peers/engine.py                          # the study and 1,000 chains of three steps
    python3 benches/peers/engine.py --shapes chains:3333     # shapes: study, chains:<number>
    python3 benches/peers/engine.py --tools bgh,ninja --rounds 5
    python3 benches/peers/engine.py --write DIR              # only write the projects

Ninja and bgh look for what changed by different means: ninja by modification time alone, so it reruns after a touch and after a parameter
is set back, and does not notice an edit that keeps the time. That it does less is part of what the times say.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SCENES = ["cold", "nothing to do", "all touched", "parameter changed", "parameter set back"]


@dataclass
class Step:
    """A command that reads `sources` and outputs of other steps, and writes `<name>.txt`."""

    name: str
    sources: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    parameter: int = 0

    def inputs(self):
        return self.sources + [output(name) for name in self.steps]


@dataclass
class Time:
    """Of one run: seconds by the clock and of all cores, children included; largest memory of one process, MiB."""

    wall: float
    cpu: float
    memory: float


def output(name):
    return f"out/{name}.txt"


def study():
    """310 sources of 512 KiB; ten steps prepare 31 each, ten work on one of these, one compares, one reports."""
    sources = {f"data/{at:03}.bin": os.urandom(512 * 1024) for at in range(310)}
    names = list(sources)
    prepare = [Step(f"prepare{at}", sources=names[31 * at : 31 * at + 31]) for at in range(10)]
    model = [Step(f"model{at}", steps=[f"prepare{at}"]) for at in range(10)]
    compare = Step("compare", steps=[step.name for step in model])
    return sources, [*prepare, *model, compare, Step("report", steps=["compare"])], "model3"


def chains(number):
    """Three steps after one another on each of `number` sources of ten bytes."""
    sources = {f"data/{at:05}.txt": f"{at:09}\n".encode() for at in range(number)}
    steps = []
    for at in range(number):
        steps += [Step(f"a{at:05}", sources=[f"data/{at:05}.txt"])]
        steps += [Step(f"b{at:05}", steps=[f"a{at:05}"]), Step(f"c{at:05}", steps=[f"b{at:05}"])]
    return sources, steps, f"b{number // 2:05}"


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


class Ninja(Tool):
    name = "ninja"

    def write(self, folder, steps):
        text = ["rule step", "  command = cat $in > $out && : $parameter", ""]
        for step in steps:
            text += [f"build {output(step.name)}: step {' '.join(step.inputs())}", f"  parameter = {step.parameter}"]
        (folder / "build.ninja").write_text("\n".join(text) + "\n")

    def command(self, jobs):
        return [self.program, "--quiet", "-j", str(jobs)]


class Bgh(Tool):
    name = "bgh"

    def write(self, folder, steps):
        text = ['name = "engine"', ""]
        for step in steps:
            inputs = [f'"{source}"' for source in step.sources]
            ports = [f'sources = [{", ".join(inputs)}]'] if inputs else []
            ports += [f'{name} = {{ stage = "{name}", output = "out" }}' for name in step.steps]
            names = (["sources"] if inputs else []) + step.steps
            read = " ".join("{inputs.%s}" % name for name in names)
            text += ["[[stage]]", f'name = "{step.name}"', f'run = "cat {read} > {{outputs.out}}"']
            text += [f'inputs = {{ {", ".join(ports)} }}', f'outputs = {{ out = "{step.name}.txt" }}']
            text += [f"params = {{ parameter = {step.parameter} }}", ""]
        (folder / "engine.toml").write_text("\n".join(text))

    def command(self, jobs):
        return [self.program, "run", "engine.toml", "--jobs", str(jobs)]


class Dvc(Tool):
    name = "DVC"

    def prepare(self, folder):
        super().prepare(folder)
        subprocess.run([self.program, "init", "--no-scm", "--quiet"], cwd=folder, check=True)
        subprocess.run([self.program, "config", "core.analytics", "false"], cwd=folder, check=True)

    def write(self, folder, steps):
        text = ["stages:"]
        for step in steps:
            text += [f"  {step.name}:", f"    cmd: cat {' '.join(step.inputs())} > {output(step.name)} && ':' {step.parameter}"]
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
            text += [f"    params: parameter={step.parameter}", '    shell: "cat {input} > {output} && : {params.parameter}"', ""]
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
        project = study() if kind == "study" else chains(int(number))
        race(tools, shape, project, arguments)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--bgh", default=ROOT / "target/release/bgh", help="release build of bgh")
    parser.add_argument("--bin", type=Path, help="folder with dvc and snakemake, where they are not on the path")
    parser.add_argument("--tools", default=",".join(TOOLS), help="which tools, of: " + ", ".join(TOOLS))
    parser.add_argument("--shapes", default="study,chains:1000", help="study and chains:<number>, separated by commas")
    parser.add_argument("--rounds", type=int, default=3)
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
    for turn in range(1 if arguments.write else arguments.rounds):
        with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR")) as scratch:
            place = arguments.write / shape.replace(":", "-") if arguments.write else Path(scratch)
            folders = {tool.name: laid_out(tool, place / tool.name.lower(), project, arguments.write) for tool in tools}
            for scene in [] if arguments.write else SCENES:
                for tool in (tool for tool in tools if tool.name not in out):
                    taken = play(tool, folders[tool.name], project, scene, arguments)
                    if taken is None:
                        out.add(tool.name)
                    else:
                        best.setdefault((scene, tool.name), []).append(taken)
            print(f"{shape}: round {turn + 1} is done", file=sys.stderr)
    if not arguments.write:
        print_table(shape, len(project[1]), tools, best)


def laid_out(tool, folder, project, only_write):
    sources, steps, _ = project
    (folder / "data").mkdir(parents=True)
    for name, content in sources.items():
        (folder / name).write_bytes(content)
    if not only_write:
        tool.prepare(folder)
    tool.write(folder, steps)
    return folder


def play(tool, folder, project, scene, arguments):
    """One scene; `None` when it failed or took too long."""
    sources, steps, special = project
    if scene == "all touched":
        for name in sources:
            os.utime(folder / name)
    if scene.startswith("parameter"):
        changed = 1 if scene == "parameter changed" else 0
        tool.write(folder, [Step(s.name, s.sources, s.steps, changed if s.name == special else 0) for s in steps])
    # What the scene has just written is not what is measured.
    os.sync()
    return timed(tool.command(arguments.jobs), folder, arguments.limit)


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


def print_table(shape, steps, tools, best):
    print(f"\n{shape}, {steps} steps\n")
    print("| scene | tool | whole process | × ninja | of all cores | memory |\n|---|---|---|---|---|---|")
    for scene in SCENES:
        floor = min((taken.wall for taken in best.get((scene, "ninja"), [])), default=None)
        for tool in tools:
            runs = best.get((scene, tool.name))
            if not runs:
                print(f"| {scene} | {tool.name} | failed or too long |  |  |  |")
                continue
            fastest = min(runs, key=lambda taken: taken.wall)
            times = f"{fastest.wall / floor:.2f}" if floor else ""
            memory = max(taken.memory for taken in runs)
            print(f"| {scene} | {tool.name} | {seconds(fastest.wall)} | {times} | {seconds(fastest.cpu)} | {memory:.0f} MiB |")


def seconds(value):
    return f"{value:.2f} s" if value >= 1 else f"{1000 * value:.1f} ms"


def machine(tools):
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    versions = ", ".join(f"{tool.name} {tool.version() or ''}".strip() for tool in tools)
    return f"{model}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {versions}"


if __name__ == "__main__":
    main()
