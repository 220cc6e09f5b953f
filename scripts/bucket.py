"""An S3 service on the loopback interface for the time of one command: moto, from packages that are fetched into a virtual environment.

    bucket.py COMMAND [ARGUMENT …]     run the command with BGH_S3_ENDPOINT set, and a bucket `cache` there

Where BGH_S3_ENDPOINT is set already, that service is used. Where moto cannot be had, the command runs without one and that is said."""
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.request
import venv

PACKAGES = ["moto[s3]==5.2.5", "flask", "flask-cors"]
PLACE = pathlib.Path(os.environ.get("BGH_MOTO", pathlib.Path.home() / ".cache" / "bgh" / "moto-5.2.5"))


def server():
    """The program, fetched where it is missing."""
    program = PLACE / "bin" / "moto_server"
    if not program.exists():
        venv.create(PLACE, with_pip=True)
        subprocess.run([PLACE / "bin" / "pip", "install", "--quiet", *PACKAGES], check=True)
    return program


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_bucket(endpoint):
    """Waits until the service answers, and makes the bucket."""
    request = urllib.request.Request(f"{endpoint}/cache", method="PUT")
    for _ in range(300):
        try:
            return urllib.request.urlopen(request).close()
        except OSError:
            time.sleep(0.1)
    sys.exit(f"the service at {endpoint} does not answer")


def main(command):
    if not command:
        sys.exit(__doc__)
    if "BGH_S3_ENDPOINT" in os.environ:
        sys.exit(subprocess.run(command).returncode)
    try:
        program = server()
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"moto cannot be had, so there is no service to test against: {error}", file=sys.stderr)
        sys.exit(subprocess.run(command).returncode)
    port = free_port()
    endpoint = f"http://127.0.0.1:{port}"
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    service = subprocess.Popen([program, "--host", "127.0.0.1", "--port", str(port)], **quiet)
    try:
        make_bucket(endpoint)
        code = subprocess.run(command, env=dict(os.environ, BGH_S3_ENDPOINT=endpoint)).returncode
    finally:
        service.terminate()
        service.wait()
    sys.exit(code)


if __name__ == "__main__":
    main(sys.argv[1:])
