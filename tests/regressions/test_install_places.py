"""Where `fqt install` puts the module was assumed to be /lib, which most ports do not have: the
board is asked, and what it answers is told.

What runs on the board runs here under the unix port, on file systems in RAM: full, read-only,
without rename over a file.
"""

import subprocess
import sys
import textwrap

import pytest

from fqt.device import install as installer
from fqt.device.deploy import room_of
from fqt.device.install import Loader, check_import, folder_of, module_for
from fqt.device.mpremote import follow
from fqt.device.session import FINISH_SCRIPT

RAM_DISK = """
import os, sys, vfs
class RAM:
    def __init__(self, blocks):
        self.data = bytearray(512 * blocks)
    def readblocks(self, n, buffer, offset=0):
        start = n * 512 + offset
        buffer[:] = memoryview(self.data)[start : start + len(buffer)]
    def writeblocks(self, n, buffer, offset=0):
        start = n * 512 + offset
        memoryview(self.data)[start : start + len(buffer)] = buffer
    def ioctl(self, operation, argument):
        return {4: len(self.data) // 512, 5: 512}.get(operation, 0)
def disk(place, blocks=200, readonly=False):
    ram = RAM(blocks)
    vfs.VfsLfs2.mkfs(ram)
    vfs.mount(vfs.VfsLfs2(ram), place, readonly=readonly)
def put(path, data):
    with open(path, 'wb') as file:
        file.write(data)
"""


@pytest.fixture
def on_board(unix_port, tmp_path):
    """Run a script of a test behind install_device.py; return what it printed."""

    def run(*parts):
        path = tmp_path / "script.py"
        parts = [installer.DEVICE_SCRIPT.read_text(), RAM_DISK, *map(textwrap.dedent, parts)]
        path.write_text("\n".join(parts))
        result = subprocess.run(
            [unix_port.micropython, str(path)], capture_output=True, text=True, timeout=60
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    return run


def test_flash_is_taken_where_the_port_mounts_it(on_board):
    answer = on_board("""
        disk('/flash')
        sys.path[:] = ['', '.frozen', '/flash', '/flash/lib']
        find_place('fqt.mpy', 20000, '')
        print(os.listdir('/flash'), os.listdir('/flash/lib'))
        """)
    assert folder_of(answer, 20000) == ("/flash/lib", False)
    assert "['lib'] []" in answer  # the folder is made, nothing is left in it


def test_rom_and_folders_that_cannot_be_made_are_passed_over(on_board):
    answer = on_board("""
        disk('/flash')
        sys.path[:] = ['.frozen', '/rom', '/rom/lib', '/sd/lib', '/flash']
        find_place('fqt.mpy', 20000, '')
        """)
    assert folder_of(answer, 20000) == ("/flash", False)


def test_a_read_only_file_system_gets_a_clear_text(on_board):
    answer = on_board("""
        disk('/flash', readonly=True)
        sys.path[:] = ['.frozen', '/flash', '/flash/lib']
        find_place('fqt.mpy', 20000, '')
        """)
    with pytest.raises(
        OSError, match=r"/flash/lib is read-only: mount it writable.*; /flash is read"
    ):
        folder_of(answer, 20000)


def test_a_full_file_system_gets_a_clear_text(on_board):
    answer = on_board("""
        disk('/flash', 40)
        sys.path[:] = ['.frozen', '/flash/lib']
        find_place('fqt.mpy', 20000, '')
        print(os.listdir('/flash/lib'))
        """)
    with pytest.raises(
        OSError, match=r"/flash/lib has \d+ bytes free, the module takes 20000: rem"
    ):
        folder_of(answer, 20000)
    assert "[]" in answer


def test_no_place_at_all_says_how_to_make_one(on_board):
    answer = on_board("sys.path[:] = ['.frozen']\nfind_place('fqt.mpy', 1, '')")
    with pytest.raises(OSError, match=r"sys.path.append\('/lib'\)"):
        folder_of(answer, 1)


def test_the_copy_takes_the_name_when_it_is_whole(on_board):
    answer = on_board(
        """
        disk('/flash')
        def copy(data, sent):
            global file
            put('/flash/fqt.mpy.new', sent)
            wanted = digest('/flash/fqt.mpy.new')
            put('/flash/fqt.mpy.new', data)
            try:
                fqt_finish('/flash/fqt.mpy', wanted)
            except OSError as error:
                print(error)
            print(sorted(os.listdir('/flash')), open('/flash/fqt.mpy').read())
        class NoReplace:  # as on file systems that refuse to rename over a file
            def __getattr__(self, name):
                return getattr(real, name)
            def rename(self, old, new):
                try:
                    real.stat(new)
                except OSError:
                    return real.rename(old, new)
                raise OSError(17)
        put('/flash/fqt.mpy', b'old')
        """,
        FINISH_SCRIPT.read_text(),
        """
        copy(b'torn', b'newer')
        copy(b'newer', b'newer')
        real = os
        os = NoReplace()
        copy(b'newest', b'newest')
        """,
    )
    assert answer.splitlines() == [
        "the copy is not whole",
        "['fqt.mpy', 'fqt.mpy.new'] old",
        "['fqt.mpy'] newer",
        "['fqt.mpy'] newest",
    ]


def test_what_is_there_is_replaced_where_import_finds_it(on_board):
    answer = on_board("""
        disk('/flash')
        sys.path[:] = ['', '.frozen', '/flash', '/flash/lib']
        os.chdir('/flash')
        find_place('fqt.mpy', 20, '')
        put('/flash/lib/fqt.mpy', b'old')
        find_place('fqt.mpy', 20, '')
        put('/flash/fqt.mpy', b'older')
        find_place('fqt.mpy', 20, '')
        find_place('fqt.mpy', 20, digest('/flash/lib/fqt.mpy'))
        find_place('fqt.mpy', 20, digest('/flash/fqt.mpy'))
        find_place('fqt.mpy', 200000, '')
        """)
    assert answer.splitlines()[:5] == [
        "fqt place ('/flash/lib', False)",
        "fqt place ('/flash/lib', False)",
        "fqt place ('/flash', False)",
        "fqt place ('/flash', False)",
        "fqt place ('/flash', True)",
    ]
    assert "fqt nowhere [('/flash', 'free', " in answer.splitlines()[5]


def test_older_files_behind_the_new_one_are_removed(on_board):
    """They came back when the new one was deleted, or the current folder was another."""
    answer = on_board("""
        disk('/flash')
        disk('/card')
        sys.path[:] = ['', '.frozen', '/flash', '/flash/lib', '/card']
        os.mkdir('/flash/lib')
        os.chdir('/flash')
        for folder in ('/flash', '/flash/lib', '/card'):
            put(folder + '/fqt.mpy', b'old')
        put('/flash/lib/fqt_data.mpy', b'old')
        remove_others('fqt.mpy', '/flash/fqt.mpy')
        remove_others('fqt_data.mpy', '/flash/lib/fqt_data.mpy')
        print(sorted(os.listdir('/flash')), os.listdir('/flash/lib'), os.listdir('/card'))
        put('/card/fqt.mpy', b'old')
        class ReadOnly:
            def __getattr__(self, name):
                return getattr(real, name)
            def remove(self, path):
                raise OSError(30)
        real, os = os, ReadOnly()
        remove_others('fqt.mpy', '/flash/fqt.mpy')
        """)
    assert answer.splitlines() == [
        "fqt removed (['/flash/lib/fqt.mpy', '/card/fqt.mpy'], [])",
        "fqt removed ([], [])",
        "['fqt.mpy', 'lib'] ['fqt_data.mpy'] []",
        "fqt removed ([], ['/card/fqt.mpy'])",
    ]


def test_room_is_told_beside_the_module(on_board):
    """What is free need not be in one piece."""
    whole = room_of(on_board("sys.path[:] = []\ntell_room('fqt.mpy', '', 0)"))
    assert whole > 100_000
    code = "sys.path[:] = []\ntell_room('fqt.mpy', '', {})"
    beside = room_of(on_board(code.format("gc.mem_free() - 5000")))
    assert 0 < beside < 20_000 and room_of(on_board(code.format(1 << 40))) == 0
    pieces = "kept = [bytearray(1000) for _ in range(2 * gc.mem_free() // 3000)]\n"
    pieces += "kept = kept[::2]\n"
    assert room_of(on_board(pieces + code.format(0))) < 0.6 * whole
    assert room_of("fqt room 700 16\n") == 700
    with pytest.raises(OSError, match="the board cannot tell its RAM: Traceback"):
        room_of("Traceback")


def test_another_module_of_that_name_is_told():
    check_import("fqt imports '/flash/lib/fqt.mpy'\n", "/flash/lib/fqt.mpy")
    with pytest.raises(OSError, match=r"finds /flash/fqt.py first.*mpremote rm :/flash/fqt.py"):
        check_import("fqt imports '/flash/fqt.py'\n", "/flash/lib/fqt.mpy")


def test_a_board_that_does_not_answer_is_told_after_a_while(monkeypatch, tmp_path):
    """There was no time-out: a board that hangs hung the command."""
    (tmp_path / "mpremote.py").write_text("import time\ntime.sleep(60)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(OSError, match=r"said nothing for 1 s.*press its reset button"):
        list(follow(None, "exec", "1", seconds=1))


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("mpremote.transport.TransportError: could not enter raw repl", "press its reset button"),
        ("failed to access /dev/x (it may be in use by another program)", "close what else uses"),
        ("no device found", "mpremote connect list"),
        ("OSError: [Errno 28] ENOSPC", "file system is full"),
    ],
)
def test_what_mpremote_says_comes_with_what_to_do(monkeypatch, tmp_path, said, advice):
    (tmp_path / "mpremote.py").write_text(f"import sys\nprint({said!r})\nsys.exit(1)\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(OSError, match=advice):
        list(follow(None, "exec", "1", seconds=20))


def test_an_architecture_without_a_build_is_no_advice_to_build_it(tmp_path):
    for architecture in ("xtensa", "rv64imc"):
        with pytest.raises(ValueError, match=f"native code for {architecture}, for which .* not"):
            module_for(Loader(architecture, (6, 3), (1, 27)), tmp_path)
    with pytest.raises(OSError, match="make dist ARCH=xtensawin"):
        module_for(Loader("xtensawin", (6, 3), (1, 26)), tmp_path)


def test_the_device_script_is_found_beside_the_installed_package():
    assert installer.DEVICE_SCRIPT.exists() and "fqt" in sys.modules
