"""Does one errand with python-jira: read from ERRAND, the outcome printed as JSON."""
import base64
import hashlib
import io
import json
import os
import sys

import jira.resilientsession
from jira import JIRA, JIRAError

errand = json.loads(os.environ["ERRAND"])
action = errand["action"]
# The library waits a random part of 20, 40, 60 seconds; a part that is known keeps the test short.
jira.resilientsession.random.random = lambda: errand.get("patience", 0.15)


def connect():
    more = {"max_retries": 3 if action == "patient" else 0, "get_server_info": action == "work"}
    if errand["form"] == "bearer":
        return JIRA(server=errand["url"], token_auth=errand["token"], **more)
    return JIRA(server=errand["url"], basic_auth=(errand["user"], errand["token"]), **more)


def create(client):
    fields = {"project": {"key": "DEMO"}, "summary": "made by a client", "issuetype": {"name": "Task"}}
    return client.create_issue(fields=fields, prefetch=False)


def run():
    client = connect()
    if action == "create":
        return {"created": create(client).key}
    outcome = {"summary": client.issue("X-1").fields.summary}
    if action == "patient":
        for _ in range(2):
            outcome = {"summary": client.issue("X-1").fields.summary}
    if action == "work":
        outcome["found"] = client.search_issues("project = DEMO", maxResults=50).total
        issue = create(client)
        outcome["created"] = issue.key
        content = base64.b64decode(errand["attachment"])
        attached = client.add_attachment(issue.key, attachment=io.BytesIO(content), filename="notes.bin")
        outcome["sha256"] = hashlib.sha256(attached.get()).hexdigest()
    return outcome


try:
    print(json.dumps(run()))
except JIRAError as error:
    print(json.dumps({"error": {"status": error.status_code, "message": error.text}}))
sys.stdout.flush()
