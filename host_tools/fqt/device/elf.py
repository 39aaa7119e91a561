"""What counting reads of ELF files: a firmware's symbols, the size of a module's sections."""

from __future__ import annotations

from pathlib import Path

EXCEPTION_VECTOR = 0x60000300  # of the board XTENSA
# Sections of a module's object file: code and constants; tables of addresses.
TEXT = (".text", ".rodata")
TABLES = (".data.rel.ro",)


def counted_places(firmware: Path) -> str:
    """Where the plugin looks: the code of MicroPython's machine.mem, whose stores to the marker
    alone count; where RAM begins; and what is not counted, the instructions that stand for one
    that QEMU lacks."""
    from elftools.elf.elffile import ELFFile

    with open(firmware, "rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab")
        symbol = symbols.get_symbol_by_name("machine_mem_subscr")[0]
        start = symbol["st_value"] & ~1
        places = f"lo={start},hi={start + symbol['st_size']}"
        text_end = symbols.get_symbol_by_name("_etext")
        if text_end:  # a firmware's text lies in flash; a module's, in the heap
            places += f",ram={text_end[0]['st_value']}"
        skipped = [symbols.get_symbol_by_name(name) for name in ("exception", "failed")]
        if all(skipped):
            first, end = (found[0]["st_value"] for found in skipped)
            vector = EXCEPTION_VECTOR
            places += f",skip={first}-{end},skip={vector}-{vector + 16}"
    return places


def section_bytes(module: Path, names: tuple[str, ...]) -> int:
    """Of the object file that a module (fqt.mpy) was linked from, all sections whose names begin
    so."""
    from elftools.elf.elffile import ELFFile

    with open(module.parent / "build" / "modfqt.o", "rb") as file:
        sections = ELFFile(file).iter_sections()
        return sum(section["sh_size"] for section in sections if section.name.startswith(names))
