"""Every word that may follow `modelyard`, and the module that knows the rest of it.

Plain data, so that help, completion and did-you-mean load no command.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A noun with verbs, or a single command; `modelyard.cli.commands.<module>` defines it."""

    summary: str
    module: str


SECTIONS: Mapping[str, Mapping[str, Entry]] = {
    "Platform": {
        "up": Entry("Start the platform on this machine, or say where it runs.", "platform"),
        "down": Entry("Stop the platform; jobs go on unless told otherwise.", "platform"),
        "status": Entry("Show what runs here.", "platform"),
        "server": Entry("Run the server in the foreground.", "platform"),
        "gateway": Entry("Run the gateway of the endpoints in the foreground.", "platform"),
        "logs": Entry("Show the log of the server, the gateway or a job.", "logs"),
    },
    "Work": {
        "job": Entry("Submit, follow and collect jobs.", "job"),
        "automl": Entry("The best model of a table for a budget, without a server.", "automl"),
        "data": Entry("Versioned data.", "data"),
        "model": Entry("Versioned models.", "model"),
        "environment": Entry("Versioned environments that jobs and deployments run in.", "environment"),
        "schedule": Entry("Jobs that are submitted by the clock.", "schedule"),
        "subscription": Entry("Who is told of events, and jobs that events start.", "subscription"),
        "component": Entry("Versioned parts of pipelines.", "component"),
        "online-endpoint": Entry("Stable scoring addresses, their keys and traffic.", "online_endpoint"),
        "online-deployment": Entry("Model versions behind an endpoint.", "online_deployment"),
        "lineage": Entry("What made a thing, and what was made from it.", "lineage"),
        "events": Entry("Everything that happened, or happens.", "events"),
    },
    "Places": {
        "workspace": Entry("Workspaces: the boundary of names and storage.", "workspace"),
        "compute": Entry("Where jobs run.", "compute"),
        "datastore": Entry("Where files are kept.", "datastore"),
    },
    "Set-up": {
        "login": Entry("Remember a server and its token.", "access"),
        "logout": Entry("Forget the server and the token.", "access"),
        "token": Entry("Print the token in use.", "access"),
        "mlflow-env": Entry("Print what plain mlflow needs, for your shell to evaluate.", "mlflow_env"),
        "configure": Entry("Set defaults such as the workspace.", "access"),
        "schema": Entry("Print the JSON schema of a kind, for your editor.", "schema"),
        "completion": Entry("Install completion in your shell.", "completion"),
        "version": Entry("Print the versions of client and server.", "version"),
    },
}

ENTRIES: Mapping[str, Entry] = {word: entry for section in SECTIONS.values() for word, entry in section.items()}
"""Every word of every section."""
