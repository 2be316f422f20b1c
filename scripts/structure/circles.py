"""Finds circles among arrows."""

from collections import deque

from .modules import Arrow


def circles(arrows: list[Arrow]) -> list[list[Arrow]]:
    """In each group of files that reach each other: all circles of two files, or else the shortest one."""
    graph = {}
    for arrow in arrows:
        graph.setdefault(arrow.source, {}).setdefault(arrow.target, arrow)
    found = []
    for group in _groups(graph):
        found += _pairs(group, graph) or [_shortest(group, graph)]
    return found


def _pairs(group: set, graph: dict) -> list[list[Arrow]]:
    return [
        [arrow, graph[target][source]]
        for source in sorted(group)
        for target, arrow in sorted(graph[source].items())
        if source < target and source in graph.get(target, {})
    ]


def _groups(graph: dict) -> list[set]:
    """The strongly connected parts of more than one file."""
    nodes = set(graph) | {target for targets in graph.values() for target in targets}
    reached = {node: _reach(node, graph) for node in nodes}
    groups, done = [], set()
    for node in sorted(nodes):
        if node not in done and node in reached[node]:
            group = {other for other in reached[node] if node in reached[other]}
            done |= group
            groups.append(group)
    return groups


def _reach(start, graph: dict) -> set:
    reached, waiting = set(), [start]
    while waiting:
        for target in graph.get(waiting.pop(), {}):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


def _shortest(group: set, graph: dict) -> list[Arrow]:
    return min((_circle_through(start, graph) for start in sorted(group)), key=len)


def _circle_through(start, graph: dict) -> list[Arrow]:
    came_by, waiting = {}, deque([start])
    while waiting:
        node = waiting.popleft()
        for target, arrow in graph.get(node, {}).items():
            if target == start:
                circle = [arrow]
                while node != start:
                    circle.append(came_by[node])
                    node = came_by[node].source
                return circle[::-1]
            if target not in came_by:
                came_by[target] = arrow
                waiting.append(target)
    return []
