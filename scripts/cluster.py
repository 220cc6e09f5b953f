"""A Slurm cluster on this machine, for tests: controller and nodes are real daemons on the loopback interface, everything they leave lies
in one folder, and they can be killed, stopped and started one by one.

    cluster.py install [accounts]      install Slurm by package name where it is missing
    cluster.py start DIR [NAME=VALUE]  start munged, slurmctld and a slurmd a node; prints variables for the environment
    cluster.py kill|hang|wake|revive DIR DAEMON
    cluster.py stop DIR                end the daemons and their jobs

Settings: nodes, cpus, gpus, memory (MiB a node), age (seconds for which ended jobs are known), patience (seconds after which a node that does
not answer has failed), accounts (1 for slurmdbd over a MariaDB of its own, which are installed by `install accounts`), cgroups (1 for memory that
the kernel limits; needs root and control groups of the first version). Needs Debian's or Ubuntu's packages; no root but to install them."""
import contextlib
import getpass
import os
import pathlib
import random
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time

PACKAGES = ["munge", "slurm-client", "slurm-wlm-basic-plugins", "slurmctld", "slurmd"]
PROGRAMS = ["munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol"]
ACCOUNTS = {"slurmdbd": "slurmdbd", "mariadbd": "mariadb-server-core"}
DEFAULTS = {"nodes": 2, "cpus": 4, "gpus": 2, "memory": 4000, "age": 300, "patience": 10, "accounts": 0, "cgroups": 0}
# Control groups of the first version, in which one group limits memory.
GROUPS = pathlib.Path("/sys/fs/cgroup/memory")
PATH = os.environ.get("PATH", "/usr/bin") + ":/usr/sbin:/sbin"
# The path of a unix socket has an end.
LONGEST = 80


def missing(programs=PROGRAMS):
    return [program for program in programs if shutil.which(program, path=PATH) is None]


def install(accounts):
    programs, packages = (PROGRAMS + [*ACCOUNTS], PACKAGES + [*ACCOUNTS.values()]) if accounts else (PROGRAMS, PACKAGES)
    if not missing(programs):
        return
    if shutil.which("apt-get") is None:
        sys.exit(f"Slurm is not installed ({', '.join(missing(programs))}), and there is no apt-get to install it with")
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        sys.exit(f"Slurm is not installed; as root: {' '.join(command)}")
    environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    for attempt in (command, ["apt-get", "update"], command):
        done = subprocess.run(attempt, env=environment, capture_output=True, text=True)
        if not missing(programs):
            return
    sys.exit(f"Slurm could not be installed: {done.stderr.strip()[-400:]}")


class Daemon:
    """One daemon: its number is in a file, so that another process can find it."""

    def __init__(self, folder, name):
        self.folder, self.name = folder, name

    def file(self, kind):
        return self.folder / "run" / f"{self.name}.{kind}"

    def start(self, command=None):
        if command is None:
            command = self.file("command").read_text().split("\n")
        self.file("command").write_text("\n".join(command))
        log = open(self.folder / "log" / f"{self.name}.out", "ab")
        environment = clean(self.folder)
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment, start_new_session=True)
        self.file("number").write_text(str(child.pid))

    def send(self, number):
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            pid = int(self.file("number").read_text())
            # Numbers are used again: only a process that names the folder is meant.
            if str(self.folder) in words(pid):
                os.kill(pid, number)

    def end(self):
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        for _ in range(50):
            if not self.lives():
                return
            time.sleep(0.1)
        self.send(signal.SIGKILL)

    def lives(self):
        try:
            return str(self.folder) in words(int(self.file("number").read_text()))
        except (FileNotFoundError, ValueError):
            return False


def words(pid):
    """Command line and environment of a process that has not ended."""
    try:
        state = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        parts = [pathlib.Path(f"/proc/{pid}/{name}").read_bytes() for name in ("cmdline", "environ")]
    except OSError:
        return ""
    return "" if state == "Z" else b"\0".join(parts).replace(b"\0", b"\n").decode(errors="replace")


def clean(folder):
    """An environment without a surrounding cluster."""
    prefixes = ("SLURM_", "SBATCH_", "SQUEUE_", "SACCT_", "SCANCEL_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)}
    return dict(kept, SLURM_CONF=str(folder / "etc" / "slurm.conf"), PATH=PATH)


def free_ports(count):
    """Ports below those that the kernel gives to connections, so that a daemon finds its own free again."""
    ports = []
    for port in random.sample(range(20000, 32000), 200):
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            ports.append(port)
        if len(ports) == count:
            return ports
    sys.exit("there are no free ports")


def accelerators(folder, count):
    """Devices that stand for GPUs. Slurm names them to jobs by the number at the end; nobody opens them."""
    for number in range(count):
        with contextlib.suppress(OSError):
            os.mknod(folder / "dev" / f"gpu{number}", 0o666 | stat.S_IFCHR, os.makedev(1, 3))
    own = all((folder / "dev" / f"gpu{number}").is_char_device() for number in range(count))
    return [str(folder / "dev" / f"gpu{number}") if own else f"/dev/tty{number}" for number in range(count)]


def accounting(folder, user, ports):
    """Lines for the controller, once slurmdbd has been told where its database is."""
    if not ports:
        return ["AccountingStorageType=accounting_storage/none"]
    daemon, database = ports
    own = folder / "etc" / "slurmdbd.conf"
    own.touch(mode=0o600)
    own.write_text("\n".join([
        "AuthType=auth/munge", f"AuthInfo=socket={folder}/run/munge.socket", "DbdHost=localhost", "DbdAddr=127.0.0.1", f"DbdPort={daemon}",
        f"SlurmUser={user}", f"LogFile={folder}/log/slurmdbd.log", f"PidFile={folder}/run/slurmdbd.pid",
        "StorageType=accounting_storage/mysql", "StorageHost=127.0.0.1", f"StoragePort={database}", "StorageUser=slurm", "StorageLoc=slurm"]))
    return ["AccountingStorageType=accounting_storage/slurmdbd", "AccountingStorageHost=127.0.0.1", f"AccountingStoragePort={daemon}",
            f"AccountingStoragePass={folder}/run/munge.socket"]


def memory(folder, by_kernel):
    """Lines for the controller: whether the kernel limits memory, or Slurm looks at it every second."""
    # Control groups bind memory only: processes are found by their parents, and jobs may share cores.
    limits = ["ConstrainCores=no", f"ConstrainRAMSpace={'yes' if by_kernel else 'no'}"]
    if by_kernel:
        limits += ["CgroupPlugin=cgroup/v1", f"CgroupMountpoint={GROUPS.parent}", "ConstrainSwapSpace=yes", "AllowedSwapSpace=0"]
    (folder / "etc" / "cgroup.conf").write_text("\n".join(limits) + "\n")
    watch = [] if by_kernel else ["JobAcctGatherParams=OverMemoryKill"]
    return ["TaskPlugin=task/cgroup" if by_kernel else "TaskPlugin=task/none", *watch]


def configuration(folder, settings, controller, nodes, storage):
    user, run = getpass.getuser(), folder / "run"
    lines = [
        "ClusterName=test", "SlurmctldHost=localhost(127.0.0.1)", f"SlurmctldPort={controller}",
        f"SlurmUser={user}", f"SlurmdUser={user}",
        "AuthType=auth/munge", "CredType=cred/munge", f"AuthInfo=socket={run}/munge.socket",
        f"StateSaveLocation={folder}/state", f"SlurmdSpoolDir={folder}/spool/%n",
        f"SlurmctldPidFile={run}/slurmctld.pid", f"SlurmdPidFile={run}/slurmd-%n.pid",
        f"SlurmctldLogFile={folder}/log/slurmctld.log", f"SlurmdLogFile={folder}/log/slurmd-%n.log",
        *memory(folder, settings["cgroups"]), *accounting(folder, user, storage),
        "ProctrackType=proctrack/linuxproc", "SwitchType=switch/none", "MpiDefault=none",
        "JobAcctGatherType=jobacct_gather/linux", "JobAcctGatherFrequency=task=1",
        "SelectType=select/cons_tres", "SelectTypeParameters=CR_Core_Memory", "SlurmdParameters=config_overrides",
        "SchedulerType=sched/backfill", "SchedulerParameters=bf_interval=1,sched_min_interval=0,batch_sched_delay=0",
        "PreemptType=preempt/partition_prio", "PreemptMode=REQUEUE",
        # What takes minutes elsewhere takes seconds here.
        f"SlurmdTimeout={settings['patience']}", "MessageTimeout=5", "BatchStartTimeout=10", "KillWait=2", "ReturnToService=2",
        f"MinJobAge={settings['age']}", "MaxArraySize=1001", "DefMemPerCPU=100",
    ]
    gres = ""
    if settings["gpus"]:
        lines.append("GresTypes=gpu")
        gres = f" Gres=gpu:fake:{settings['gpus']}"
        devices = accelerators(folder, settings["gpus"])
        text = "AutoDetect=off\n" + "".join(f"Name=gpu Type=fake File={device}\n" for device in devices)
        (folder / "etc" / "gres.conf").write_text(text)
    for number, port in enumerate(nodes, 1):
        lines.append(f"NodeName=n{number} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} CPUs={settings['cpus']} "
                     f"RealMemory={settings['memory']}{gres}")
    common = f"Nodes=n[1-{len(nodes)}] MaxTime=60 DefaultTime=5 State=UP"
    lines += [f"PartitionName=main {common} Default=YES PriorityTier=10 PreemptMode=OFF",
              f"PartitionName=low {common} PriorityTier=1 PreemptMode=CANCEL"]
    (folder / "etc" / "slurm.conf").write_text("\n".join(lines) + "\n")


def start(folder, settings):
    if missing():
        sys.exit(f"Slurm is not installed: {', '.join(missing())}; `make test-cluster` installs it")
    if settings["accounts"] and missing(ACCOUNTS):
        sys.exit(f"there are no accounts without {', '.join(missing(ACCOUNTS))}; `cluster.py install accounts` installs them")
    if settings["cgroups"] and not os.access(GROUPS, os.W_OK):
        sys.exit(f"the kernel limits no memory here: {GROUPS} cannot be written to")
    if len(str(folder)) > LONGEST:
        sys.exit(f"{folder} is too long for a socket; name a folder of at most {LONGEST} characters")
    folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name in ("etc", "run", "log", "spool", "state", "dev"):
        (folder / name).mkdir(mode=0o755, exist_ok=True)
    key = folder / "etc" / "munge.key"
    key.touch(mode=0o600)
    key.write_bytes(os.urandom(1024))
    storage = 2 if settings["accounts"] else 0
    controller, *others = free_ports(1 + storage + settings["nodes"])
    storage, nodes = others[:storage], others[storage:]
    configuration(folder, settings, controller, nodes, storage)
    run, conf = folder / "run", str(folder / "etc" / "slurm.conf")
    Daemon(folder, "munged").start([
        shutil.which("munged", path=PATH), "--foreground", "--force", f"--socket={run}/munge.socket", f"--key-file={key}",
        f"--pid-file={run}/munged.pid", f"--seed-file={run}/munge.seed", f"--log-file={folder}/log/munged.log"])
    until("munged listens", folder, lambda: (run / "munge.socket").exists())
    if storage:
        start_accounts(folder, *storage)
    Daemon(folder, "slurmctld").start([shutil.which("slurmctld", path=PATH), "-D", "-f", conf])
    for number in range(1, settings["nodes"] + 1):
        Daemon(folder, f"n{number}").start([shutil.which("slurmd", path=PATH), "-D", "-N", f"n{number}", "-f", conf])
    until("the nodes are idle", folder, lambda: idle(folder) == settings["nodes"])
    if storage:
        until("the accounts know the cluster", folder, lambda: registered(folder))
    print(f"SLURM_CONF={conf}")


def start_accounts(folder, daemon, database):
    """slurmdbd, and the database that it keeps its accounts in."""
    data, sources = folder / "db", pathlib.Path("/usr/share/mysql")
    (data / "mysql").mkdir(mode=0o700, parents=True, exist_ok=True)
    command = [shutil.which("mariadbd", path=PATH), "--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}",
               f"--lc-messages-dir={sources}", "--innodb-buffer-pool-size=32M", "--innodb-log-file-size=8M",
               "--innodb-lock-wait-timeout=900", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"]
    tables = ["mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql"]
    script = "use mysql;\n" + "".join((sources / name).read_text() for name in tables)
    made = subprocess.run([*command, "--bootstrap"], input=script, capture_output=True, text=True)
    (folder / "log" / "mariadb-bootstrap.out").write_text(made.stderr)
    Daemon(folder, "mariadbd").start(
        [*command, "--skip-grant-tables", "--bind-address=127.0.0.1", f"--port={database}", f"--socket={folder}/run/sql.socket"])
    until("the database listens", folder, lambda: listens(database))
    Daemon(folder, "slurmdbd").start([shutil.which("slurmdbd", path=PATH), "-D"])
    until("slurmdbd listens", folder, lambda: listens(daemon))


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def registered(folder):
    command = ["sacctmgr", "--noheader", "--parsable2", "show", "cluster", "test", "format=Cluster,ControlPort"]
    asked = subprocess.run(command, env=clean(folder), capture_output=True, text=True)
    return asked.stdout.startswith("test|") and not asked.stdout.strip().endswith("|0")


def idle(folder):
    command = ["sinfo", "--noheader", "--Node", "--partition=main", "--states=idle", "--format=%N"]
    asked = subprocess.run(command, env=clean(folder), capture_output=True, text=True)
    return len(asked.stdout.split())


def until(what, folder, holds):
    for _ in range(300):
        if holds():
            return
        time.sleep(0.1)
    stop(folder)
    sys.exit(f"it did not come true that {what}; see {folder}/log")


def stop(folder):
    names = sorted(path.stem for path in (folder / "run").glob("*.number"))
    # The nodes first, so that none of them starts anything; munged serves all others to the last.
    order = ["slurmctld", "slurmdbd", "mariadbd", "munged"]
    for name in sorted(names, key=lambda name: order.index(name) if name in order else -1):
        Daemon(folder, name).end()
    mark = f"SLURM_CONF={folder}/etc/slurm.conf"
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            said = words(int(entry.name)).split("\n")
            if mark in said and any(word.startswith("SLURM_JOB_ID=") for word in said):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(entry.name), signal.SIGKILL)
    # Groups that no process is in any more; the kernel keeps the others.
    for group in sorted(GROUPS.glob("slurm_n*/**/"), reverse=True):
        with contextlib.suppress(OSError):
            group.rmdir()


SIGNALS = {"kill": signal.SIGKILL, "hang": signal.SIGSTOP, "wake": signal.SIGCONT}


def main(arguments):
    match arguments:
        case ["install", *more] if more in ([], ["accounts"]):
            install(accounts=bool(more))
        case ["start", folder, *words]:
            given = dict(word.split("=", 1) for word in words)
            if unknown := sorted(given.keys() - DEFAULTS.keys()):
                sys.exit(f"unknown settings {', '.join(unknown)}; known are {', '.join(DEFAULTS)}")
            start(pathlib.Path(folder).absolute(), DEFAULTS | {name: int(value) for name, value in given.items()})
        case ["stop", folder]:
            stop(pathlib.Path(folder).absolute())
        case ["revive", folder, name]:
            Daemon(pathlib.Path(folder).absolute(), name).start()
        case [action, folder, name] if action in SIGNALS:
            Daemon(pathlib.Path(folder).absolute(), name).send(SIGNALS[action])
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
