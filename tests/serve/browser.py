#!/usr/bin/env python3
"""Opens pages in a headless Chromium and says, as JSON, what it saw there.

    browser.py CHROMIUM BASE TOKEN GROWING PAGE...

BASE is the address of the server, PAGEs are paths; GROWING is the path of a page with a curve that grows, or `-`. Talks to the browser
over its debugging pipe: JSON objects that end in a zero byte."""
import json, os, shutil, subprocess, sys, tempfile, time

FLAGS = ("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
         "--disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-pipe").split()
DEADLINE = 60

LOOK = """(async () => {
  const inner = [...document.querySelectorAll("svg image")].map((part) => Object.assign(new Image(), { src: part.getAttribute("href") }));
  const images = [...document.images, ...inner];
  images.forEach((image) => { image.loading = "eager"; });
  const drawings = [...document.querySelectorAll("svg[role=img]")];
  const mute = drawings.filter((svg) => svg.getBoundingClientRect().width < 50 || !svg.querySelector("desc")?.textContent);
  const drawn = await Promise.all(images.map((image) => image.decode().then(() => image.naturalWidth > 0, () => false)));
  return { images: images.length, drawings: drawings.length, mute: mute.map((svg) => svg.querySelector("title")?.textContent ?? "untitled"), undrawn: images.filter((_, at) => !drawn[at]).map((image) => image.src),
           overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
           focusable: document.querySelectorAll("a[href]").length, title: document.title };
})()"""
POINTS = """(document.querySelector("polyline.line1") || { points: [] }).points.length"""


class Browser:
    def __init__(self, program):
        self.profile = tempfile.mkdtemp()
        (child_in, self.out), (self.into, child_out) = os.pipe(), os.pipe()
        spare = [os.dup(fd) for fd in (child_in, child_out)]  # beyond 3 and 4, which they become

        def arrange():
            high = [os.dup(fd) for fd in spare]
            while min(high) < 5:
                high = [os.dup(fd) for fd in high]
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        self.process = subprocess.Popen([program, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"], preexec_fn=arrange,
                                        pass_fds=(3, 4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for fd in (child_in, child_out, *spare):
            os.close(fd)
        self.rest, self.number, self.session, self.events = b"", 0, None, []

    def receive(self):
        while b"\0" not in self.rest:
            read = os.read(self.into, 1 << 16)
            if not read:
                sys.exit("the browser has ended")
            self.rest += read
        line, self.rest = self.rest.split(b"\0", 1)
        return json.loads(line)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            got = self.receive()
            if got.get("id") == self.number:
                if "error" in got:
                    sys.exit(f"{method}: {got['error']}")
                return got["result"]
            self.events.append(got)

    def attach(self):
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def evaluate(self, script):
        return self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)["result"].get("value")

    def visit(self, address, width):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500)
        before = len(self.events)
        self.call("Page.navigate", url=address)
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events[before:]):
            self.events.append(self.receive())

    def close(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)


def told(event):
    """What an event says is wrong; None for nothing."""
    method, params = event.get("method"), event.get("params", {})
    if method == "Runtime.exceptionThrown":
        return str(params["exceptionDetails"].get("exception", {}).get("description"))
    if method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
        return str([argument.get("value") for argument in params["args"]])
    if method == "Log.entryAdded" and params["entry"]["level"] == "error":
        return params["entry"]["text"] + " " + params["entry"].get("url", "")


def grows(browser, base, page):
    """Numbers of points of the first curve, from the first look until it has more."""
    browser.visit(base + page, 1200)
    end, seen = time.monotonic() + DEADLINE, []
    while time.monotonic() < end:
        points = browser.evaluate(POINTS)
        if points and points not in seen:
            seen.append(points)
        if len(seen) > 1:
            break
        time.sleep(0.1)
    return seen


def main():
    program, base, token, growing, *pages = sys.argv[1:]
    browser, seen, points = Browser(program), [], None
    try:
        browser.attach()
        browser.visit(f"{base}/?token={token}", 1200)
        address = browser.evaluate("location.href")
        for page in pages:
            for width in (1200, 360):
                browser.visit(base + page, width)
                seen.append({"page": page, "width": width, **browser.evaluate(LOOK)})
        if growing != "-":
            points = grows(browser, base, growing)
        errors = [text for text in map(told, browser.events) if text]
        requests = {event["params"]["request"]["url"] for event in browser.events if event.get("method") == "Network.requestWillBeSent"}
        foreign = sorted(url for url in requests if not url.startswith((base, "data:", "about:")))
        print(json.dumps({"address": address, "seen": seen, "points": points, "errors": errors, "foreign": foreign, "requests": len(requests)}))
    finally:
        browser.close()


main()
