"""The part of the server's environment that a child process which runs other people's code may see."""

from __future__ import annotations

from collections.abc import Mapping

# Never the server's tokens, database or cloud credentials.
INHERITED = frozenset(
    "PATH HOME USER LOGNAME SHELL LANG LANGUAGE TZ TMPDIR LD_LIBRARY_PATH JAVA_HOME SPARK_HOME HADOOP_HOME CUDA_HOME "
    "SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE OMP_NUM_THREADS MKL_NUM_THREADS".split()
)
INHERITED_PREFIXES = ("LC_", "XDG_", "CUDA_", "NVIDIA_", "UV_", "PIP_")
INHERITED_SUFFIXES = ("_PROXY", "_proxy")


def inherited(environment: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that a task may see."""
    return {
        name: value
        for name, value in environment.items()
        if name in INHERITED or name.startswith(INHERITED_PREFIXES) or name.endswith(INHERITED_SUFFIXES)
    }
