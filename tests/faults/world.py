# SPDX-License-Identifier: Apache-2.0
"""One berthd below a root of its own, and what a client can do with it.

Everything a promise does to the world goes through here, so that whatever happens close() leaves nothing: berthd
ended, the pods of this root killed by their cgroups, the directory gone.
"""
import hashlib
import http.client
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import tarfile
import tempfile
import time

BUILD = os.path.abspath(os.environ.get("BERTH_BUILD", "build"))
IMAGE = "localhost/faults/workload:latest"
PODS = "/api/v1/namespaces/default/pods"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class Violation(Exception):
    """A promise was broken: the message says how."""


def check(condition, *words):
    if not condition:
        raise Violation(" ".join(str(w) for w in words))


def wait_for(seconds, what, fn, every=0.02):
    """fn() until it is true, and that value; bounds are generous, for no promise is about speed here."""
    end = time.monotonic() + seconds
    while True:
        value = fn()
        if value:
            return value
        if time.monotonic() > end:
            raise Violation(f"after {seconds} s still not: {what() if callable(what) else what}")
        time.sleep(every)


# ---- processes by their cgroup -------------------------------------------------------------------------------


def read(path):
    try:
        with open(path, "rb") as f:
            return f.read().decode(errors="replace")
    except OSError:
        return ""


def alive(pid):
    """Has it a program? (A zombie that waits for process 1 has none.)"""
    try:
        return bool(os.readlink(f"/proc/{pid}/exe"))
    except OSError:
        return False


def pids_of(word):
    """Processes one of whose cgroups has WORD in its path."""
    found = []
    for pid in os.listdir("/proc"):
        if pid.isdigit() and word in read(f"/proc/{pid}/cgroup") and alive(pid):
            found.append(int(pid))
    return found


def hierarchies():
    with open("/proc/mounts", encoding="utf-8") as f:
        return [x.split()[1] for x in f if x.split()[2] in ("cgroup", "cgroup2")]


# ---- HTTP over the socket ------------------------------------------------------------------------------------


class Connection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("berth", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class World:
    """berthd's root, its life, its API. `answered` of a call tells an acknowledged one from one cut off."""

    def __init__(self, *options, env=None, wrap=(), program=None, var=None):
        self.root = tempfile.mkdtemp(prefix="berth-faults.", dir=os.environ.get("FAULTS_DIR", "/tmp"))
        os.chmod(self.root, 0o755)
        self.agent_root = os.path.join(self.root, "r")
        self.tape = os.path.join(self.root, "tape")
        self.socket = os.path.join(self.agent_root, "run/berth/berth.sock")
        self.log = os.path.join(self.root, "log")
        self.options, self.env, self.wrap = list(options), dict(env or {}), list(wrap)
        self.program = program or os.path.join(BUILD, "berthd")
        self.process = None
        self.starts = 0
        self.mounted = []
        os.mkdir(self.agent_root)
        os.mkdir(self.tape, 0o777)
        os.chmod(self.tape, 0o777)
        if var:
            os.mkdir(os.path.join(self.agent_root, "var"))
            self.mount_tmpfs(os.path.join(self.agent_root, "var"), var)
        self.tag = "berth-" + os.urandom(4).hex() # in the names of all that it makes
        self.options += ["--cgroup", self.tag]

    def mount_tmpfs(self, path, options):
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True)
        self.mounted.append(path)

    # ---- its life

    def spawn(self):
        """Start it without waiting."""
        notify = os.path.join(self.root, "notify")
        if os.path.exists(notify):
            os.unlink(notify)
        self.ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.ready.bind(notify)
        self.starts += 1
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*self.wrap, self.program, "--root", self.agent_root, *self.options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/",
                env={"PATH": PATH, "NOTIFY_SOCKET": notify, **self.env})
        return self.process

    def wait_ready(self, seconds=60):
        """True once it has said READY=1; False when it ended before."""
        end = time.monotonic() + seconds
        self.ready.settimeout(0.05)
        while time.monotonic() < end:
            try:
                if b"READY=1" in self.ready.recv(4096):
                    self.ready.close()
                    return True
            except TimeoutError:
                if self.process.poll() is not None:
                    self.ready.close()
                    return False
        raise Violation(f"berthd is neither ready nor gone after {seconds} s: {self.log_tail()}")

    def start(self):
        self.spawn()
        check(self.wait_ready(), "berthd ended at its start:", self.log_tail())
        return self

    def pid(self):
        """Of berthd itself, also when it runs below a tracer."""
        if not self.wrap:
            return self.process.pid
        for pid in os.listdir("/proc"):
            if pid.isdigit() and read(f"/proc/{pid}/cmdline").startswith(f"{self.program}\0--root\0{self.agent_root}\0"):
                return int(pid)
        return 0

    def kill(self, sig=signal.SIGKILL):
        if self.process and self.process.poll() is None:
            pid = self.pid()
            if pid:
                os.kill(pid, sig)
        return self.ended()

    def ended(self, seconds=60):
        """Wait until it is gone; its exit status."""
        if not self.process:
            return 0
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Violation(f"berthd has not ended after {seconds} s: {self.log_tail()}") from None
        self.process = None
        return status

    def restart(self):
        self.kill()
        return self.start()

    def log_tail(self, lines=12):
        return "\n" + "\n".join(read(self.log).splitlines()[-lines:])

    # ---- API

    def call(self, method, path, body=None, timeout=30, content="application/json"):
        """(code, object); code 0: no whole answer came (nobody knows whether it was done)."""
        c = Connection(self.socket, timeout)
        try:
            data = None if body is None else json.dumps(body)
            c.request(method, path, data, {"Content-Type": content})
            answer = c.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if text[:1] in (b"{", b"[") else text.decode(errors="replace")
        except (OSError, http.client.HTTPException, ValueError):
            return 0, None
        finally:
            c.close()

    def ok(self, method, path, body=None, content="application/json"):
        code, answer = self.call(method, path, body, content=content)
        check(200 <= code < 300, method, path, code, answer)
        return answer

    def create(self, pod):
        return self.ok("POST", PODS, pod)

    def pods(self):
        return {p["metadata"]["name"]: p for p in self.ok("GET", PODS)["items"]}

    def pod(self, name):
        code, answer = self.call("GET", f"{PODS}/{name}")
        return answer if code == 200 else None

    def status(self, name, container=0):
        p = self.pod(name)
        statuses = (p or {}).get("status", {}).get("containerStatuses") or [{}]
        return statuses[container] if container < len(statuses) else {}

    def restarts(self, name, container=0):
        return self.status(name, container).get("restartCount", -1)

    def running(self, name):
        p = self.pod(name)
        statuses = (p or {}).get("status", {}).get("containerStatuses") or []
        return bool(statuses) and len(statuses) == len(p["spec"]["containers"]) and all("running" in s["state"] for s in statuses) and p

    def wait_running(self, *names, seconds=120):
        for name in names:
            wait_for(seconds, lambda n=name: f"{n} runs: {json.dumps((self.pod(n) or {}).get('status'))}",
                     lambda n=name: self.running(n), 0.05)

    def delete(self, name, grace=0):
        code, answer = self.call("DELETE", f"{PODS}/{name}?gracePeriodSeconds={grace}")
        return code

    def delete_all(self, seconds=120):
        for name in self.pods():
            self.delete(name)
        wait_for(seconds, lambda: f"all pods are deleted: {list(self.pods())}", lambda: not self.pods(), 0.05)

    def berth(self, *words, timeout=60, **options):
        return subprocess.run([os.path.join(BUILD, "berth"), "--root", self.agent_root, *words], timeout=timeout,
                              capture_output=True, check=False, **options)

    def load_image(self):
        """By the CLI once; the root of a world is new."""
        r = self.berth("image", "load", image_archive())
        check(r.returncode == 0, "berth image load:", r.stderr.decode())

    # ---- its pods from outside

    def shim(self, uid):
        """Process of the pod's shim: the one of its cgroup whose parent is in none of the pod's (a job of it has it as parent)."""
        pids = pids_of(f"/{self.tag}-shims/{uid}")
        for pid in pids:
            stat = read(f"/proc/{pid}/stat").rpartition(")")[2].split()
            if stat and int(stat[1]) not in pids:
                return pid
        return 0

    def members(self, uid):
        return pids_of(f"/{self.tag}/{uid}")

    def close(self):
        """Whatever state it is in: nothing of it is left."""
        if self.process:
            try:
                self.kill()
            except (Violation, OSError):
                self.process.kill()
        for _ in range(100):
            pids = pids_of(f"/{self.tag}")
            if not pids:
                break
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            time.sleep(0.05)
        for top in hierarchies():
            for group in (self.tag, f"{self.tag}-shims"):
                for path, _, _ in os.walk(os.path.join(top, group), topdown=False):
                    try:
                        os.rmdir(path)
                    except OSError:
                        pass
        subprocess.run(["ip", "link", "delete", self.tag.replace("berth", "bth", 1)], check=False, capture_output=True)
        for family in ("inet", "ip"):
            subprocess.run(["nft", "delete", "table", family, self.tag], check=False, capture_output=True)
        for path in self.mounted:
            subprocess.run(["umount", "-l", path], check=False)
        shutil.rmtree(self.root, ignore_errors=True)


# ---- pods ----------------------------------------------------------------------------------------------------


def container(name, *words, **more):
    return {"name": name, "image": IMAGE, "imagePullPolicy": "Never", "command": ["/w", *map(str, words)],
            "volumeMounts": [{"name": "tape", "mountPath": "/tape"}], **more}


def pod(world, name, *containers, policy="Always", annotations=None, grace=0, **spec):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {"restartPolicy": policy, "terminationGracePeriodSeconds": grace, "containers": list(containers),
                     "volumes": [{"name": "tape", "hostPath": {"path": world.tape}}], **spec}}


def keeper(world, name, **more):
    return pod(world, name, container("c", "keep", name), **more)


# ---- the image: one layer with one static program ------------------------------------------------------------


def image_archive():
    """An OCI layout as a tar, made once a build."""
    path = os.path.join(BUILD, "tests/faults/workload.tar")
    program = os.path.join(BUILD, "tests/faults/workload")
    if os.path.exists(path) and os.path.getmtime(path) >= os.path.getmtime(program):
        return path
    blobs = []

    def blob(data, kind):
        digest = hashlib.sha256(data).hexdigest()
        blobs.append((f"blobs/sha256/{digest}", data))
        return {"mediaType": f"application/vnd.oci.image.{kind}", "digest": f"sha256:{digest}", "size": len(data)}

    layer = io.BytesIO()
    with tarfile.open(fileobj=layer, mode="w") as t:
        entry = tarfile.TarInfo("w")
        entry.mode, entry.size = 0o755, os.path.getsize(program)
        with open(program, "rb") as f:
            t.addfile(entry, f)
    data = layer.getvalue()
    layers = [blob(data, "layer.v1.tar")]
    config = blob(json.dumps({"architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine),
                              "os": "linux", "config": {"Cmd": ["/w"]},
                              "rootfs": {"type": "layers", "diff_ids": [layers[0]["digest"]]}}).encode(), "config.v1+json")
    manifest = blob(json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                                "config": config, "layers": layers}).encode(), "manifest.v1+json")
    manifest["annotations"] = {"org.opencontainers.image.ref.name": IMAGE}
    blobs.append(("index.json", json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode()))
    blobs.append(("oci-layout", b'{"imageLayoutVersion":"1.0.0"}'))
    with tarfile.open(path + ".new", "w") as t:
        for name, content in blobs:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            t.addfile(entry, io.BytesIO(content))
    os.rename(path + ".new", path)
    return path
