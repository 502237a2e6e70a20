"""What is shipped with the binary agrees with it: manual page, completion, unit, alert rules, dashboard, package.

The package is built from the binary that the other tests drive, so this takes seconds. `make package-test` installs and
starts it in a clean Debian.
"""

import json
import re
import shutil
import subprocess

import pytest
import yaml

from conftest import need_binary
from harness import REPOSITORY, binary, track, wait_until

PACKAGING = REPOSITORY / "packaging"


def run(*words, **options):
    return subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)


def help_of(*command):
    return run(binary(), *command, "--help", check=True).stdout


def commands(*above):
    """Every command that can be given, as a tuple of words."""
    listed = re.search(r"^Subcommands:\n(.*)", help_of(*above), re.MULTILINE | re.DOTALL)
    if not listed:
        return [above]
    names = re.findall(r"^  (\S+)", listed[1], re.MULTILINE)
    return [command for name in names for command in commands(*above, name)]


def options_of(command):
    return set(re.findall(r"^ +(?:-h,)?(--[a-z-]+)", help_of(*command), re.MULTILINE))


@pytest.fixture(scope="module")
def manual(tmp_path_factory):
    need_binary()
    page = tmp_path_factory.mktemp("manual") / "handschlag.1"
    page.write_text(run(PACKAGING / "manual", binary(), check=True).stdout)
    return page


def test_the_manual_page_has_every_command_and_option(manual):
    common = {"--help", "--data", "--config", "--format"}
    by_hand, *by_command = re.split(r"^\.SS ", manual.read_text().replace("\\-", "-"), flags=re.MULTILINE)
    assert common <= set(re.findall(r"--[a-z]+", by_hand))
    told = {re.sub(r" \\f.*", "", text.splitlines()[0]): set(re.findall(r"^\.B (--[a-z-]+)", text, re.MULTILINE))
            for text in by_command}
    assert told == {" ".join(command): options_of(command) - common for command in commands()}


def test_the_manual_page_is_well_formed(manual):
    if not shutil.which("groff"):
        pytest.skip("no groff")
    told = run("groff", "-man", "-Tutf8", "-ww", "-z", manual)
    assert told.returncode == 0 and told.stderr == ""


def test_the_manual_page_tells_defaults_choices_and_what_is_required(manual):
    text = manual.read_text().replace("\\-", "-")
    assert ".B --trust \\fIserver|public\\fP\nserver: its key is secret; public: its key is in browsers and apps. " \
        "public unless said otherwise.\n" in text
    assert "How long the old key stays valid. From 0 to 8760. 24 unless said otherwise.\n" in text
    assert ".SS import csv \\fIfile\\fP\n" in text
    assert ".B --id \\fItext\\fP\nA short name, as in shop. Required.\n" in text


def complete(*words):
    """What bash offers for the last of these words."""
    script = f'source "{PACKAGING / "completion/handschlag"}"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); ' \
             '_handschlag; printf "%s\\n" "${COMPREPLY[@]}"'
    return set(run("bash", "-c", script, "bash", binary(), *words, check=True).stdout.split())


def test_completion_knows_commands_options_and_their_words():
    assert {"init", "serve", "source", "doctor"} <= complete("")
    assert complete("source", "ro") == {"rotate"}
    assert complete("backup") == {"backup", "backup-check"} and complete("test") == {"test-data"}
    assert "--overlap-hours" in complete("source", "rotate", "--")
    assert complete("source", "add", "--trust", "") == {"server", "public"}
    assert complete("source", "add", "--id", "") == set()


def metric_names(expressions):
    """The metrics in these expressions: what is a name, and neither function, label nor keyword of PromQL."""
    names = set()
    for expression in expressions:
        plain = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(by|without|on|ignoring)\s*\([^)]*\)|\"[^\"]*\"", " ", expression)
        names.update(name for name, call in re.findall(r"\b([a-z_]+)\b\s*(\()?", plain)
                     if not call and "_" in name)
    return names - {"label_values"}


def alert_expressions():
    rules = yaml.safe_load((PACKAGING / "prometheus/handschlag.rules.yml").read_text())
    return [rule["expr"] for group in rules["groups"] for rule in group["rules"]]


def dashboard():
    return json.loads((PACKAGING / "grafana/handschlag.json").read_text())


def dashboard_expressions():
    return [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", [])]


def metrics_of(running):
    """All figures, also those that the server's look at itself sets every two seconds."""
    def shown():
        text = running.session.get(f"{running.url}/metrics").text
        return text if "handschlag_writer_oldest_wait_seconds{" in text else None

    return wait_until(shown)


def test_alerts_and_dashboard_name_metrics_that_the_server_has(running):
    running.send.store(track("somebody", "Order Completed"))
    shown = metrics_of(running)
    known = set(re.findall(r"^# TYPE (\S+)", shown, re.MULTILINE))
    known |= {name + suffix for name in known for suffix in ("_bucket", "_count", "_sum")}
    for expressions in (alert_expressions(), dashboard_expressions()):
        named = metric_names(expressions)
        assert len(named) > 5
        assert named <= known


def test_alerts_and_dashboard_name_labels_that_the_server_has(running):
    shown = metrics_of(running)
    for expression in alert_expressions() + dashboard_expressions():
        for name, selector in re.findall(r"\b([a-z_]+)\{([^}]*)\}", expression):
            lines = re.findall(rf"^{name}(?:\{{(.*)\}})? ", shown, re.MULTILINE)
            labels = set(re.findall(r"(\w+)=", " ".join(lines)))
            assert set(re.findall(r"(\w+)=", selector)) - {"job", "instance"} <= labels, expression


def test_the_panels_of_the_dashboard_lie_side_by_side():
    taken = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        assert not cells & taken, panel["title"]
        taken |= cells
        if panel["type"] != "row":
            assert panel["description"] and panel["fieldConfig"]["defaults"]["unit"], panel["title"]
    assert len({panel["id"] for panel in dashboard()["panels"]}) == len(dashboard()["panels"])


def test_promtool_takes_the_alert_rules():
    if not shutil.which("promtool"):
        pytest.skip("no promtool: `make package-test` has it")
    run("promtool", "check", "rules", PACKAGING / "prometheus/handschlag.rules.yml", check=True)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    if not shutil.which("dh"):
        pytest.skip("no debhelper: run tools/setup")
    folder = tmp_path_factory.mktemp("package")
    built = run(PACKAGING / "build", binary(), folder)
    assert built.returncode == 0, built.stderr
    return next(folder.glob("handschlag_*.deb"))


def test_the_package_holds_what_it_should_and_nothing_else(package):
    listed = run("dpkg-deb", "--contents", package, check=True).stdout
    files = {line.split()[5].removeprefix(".") for line in listed.splitlines() if not line.startswith("d")}
    manuals = {f"/usr/share/doc/handschlag/{path.name}" for path in (REPOSITORY / "docs").glob("*.md")}
    manuals |= {f"/usr/share/doc/handschlag/adr/{path.name}" for path in (REPOSITORY / "docs/adr").glob("*.md")}
    assert files == manuals | {
        "/etc/handschlag/handschlag.toml",
        "/lib/systemd/system/handschlag.service",
        "/usr/bin/handschlag",
        "/usr/lib/sysusers.d/handschlag.conf",
        "/usr/share/bash-completion/completions/handschlag",
        "/usr/share/doc/handschlag/NOTICE",
        "/usr/share/doc/handschlag/changelog.Debian.gz",
        "/usr/share/doc/handschlag/changelog.gz",
        "/usr/share/doc/handschlag/copyright",
        "/usr/share/handschlag/grafana/handschlag.json",
        "/usr/share/handschlag/prometheus/handschlag.rules.yml",
        "/usr/share/lintian/overrides/handschlag",
        "/usr/share/man/man1/handschlag.1.gz",
    }
    assert all(" root/root " in line for line in listed.splitlines())


def test_the_package_knows_its_libraries_and_its_settings(package):
    fields = run("dpkg-deb", "--field", package, check=True).stdout
    for library in ("libsqlite3-0", "libpq5", "libsodium23", "libssl3", "libphonenumber8",
                    "libgmime-3.0-0"):
        assert library in fields
    told = run("dpkg-deb", "--info", package, "conffiles", check=True).stdout
    assert told.split() == ["/etc/handschlag/handschlag.toml"]


def test_the_unit_is_well_formed(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze")
    unit = tmp_path / "handschlag.service"
    text = (PACKAGING / "debian/handschlag.service").read_text()
    unit.write_text(text.replace("/usr/bin/handschlag", str(binary())))
    told = run("systemd-analyze", "verify", "--man=no", unit)
    about_us = [line for line in (told.stdout + told.stderr).splitlines() if "handschlag.service" in line]
    assert about_us == []
