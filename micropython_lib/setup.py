"""One file in no package: fqt.pyi, where editors look for the stubs of a module."""

from setuptools import setup
from setuptools.command.build_py import build_py


class Stubs(build_py):
    def find_package_modules(self, package, package_dir):
        return []  # not this file


setup(
    packages=[""],
    include_package_data=False,
    package_data={"": ["fqt.pyi"]},
    cmdclass={"build_py": Stubs},
)
