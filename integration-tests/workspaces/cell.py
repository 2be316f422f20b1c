"""Runs a cell in a workspace, as JupyterLab does: a session by HTTP, its kernel by WebSocket. Prints what the cell does.

Arguments: the address of the commons, an access token, and the code. Runs with the Python of the notebooks, which has
websocket-client.
"""

import json
import sys
import uuid

import requests
import websocket

BASE = "/lw-workspace/proxy/"


def main(url: str, token: str, code: str) -> None:
    headers = {"Authorization": f"bearer {token}"}
    kernel = requests.post(f"{url}{BASE}api/kernels", headers=headers, json={}, timeout=60)
    assert kernel.status_code == 201, (kernel.status_code, kernel.text)
    name = kernel.json()["id"]
    session = uuid.uuid4().hex
    address = f"{url.replace('http', 'ws', 1)}{BASE}api/kernels/{name}/channels?session_id={session}"
    socket = websocket.create_connection(address, header=[f"Authorization: bearer {token}"], timeout=120, origin=url)
    message = uuid.uuid4().hex
    socket.send(json.dumps({
        "channel": "shell",
        "header": {"msg_id": message, "session": session, "username": "", "msg_type": "execute_request",
                   "version": "5.3"},
        "parent_header": {}, "metadata": {}, "buffers": [],
        "content": {"code": code, "silent": False, "store_history": False, "user_expressions": {},
                    "allow_stdin": False, "stop_on_error": True},
    }))
    while True:
        said = json.loads(socket.recv())
        if said["parent_header"].get("msg_id") != message:
            continue
        if said["msg_type"] == "stream":
            print(said["content"]["text"], end="")
        if said["msg_type"] == "error":
            sys.exit("\n".join(said["content"]["traceback"]))
        if said["msg_type"] == "status" and said["content"]["execution_state"] == "idle":
            break
    socket.close()
    requests.delete(f"{url}{BASE}api/kernels/{name}", headers=headers, timeout=60)


if __name__ == "__main__":
    main(*sys.argv[1:])
