"""Judges plans by their PDDL, for the Go tests of decompose: which of them can be executed and reach the goal?

    python scripts/pddl_oracle.py < TASKS > VERDICTS        # one JSON object a line, in and out

A task is {"domain": PDDL, "problem": PDDL, "plans": ["(pick mug table)\\n…", …], "optimal": true}. Its verdicts:

up         by unified-planning's sequential plan validator, a list of true and false
strips     by the simulator in this file, which shares no code with it and none with the Go side
optimal    how long Fast Downward's shortest plan is, or null; only where asked for

Needs unified-planning and, for "optimal", up-fast-downward.
"""
import json
import re
import sys

import unified_planning as up
from unified_planning.engines import PlanGenerationResultStatus, SequentialPlanValidator, ValidationResultStatus
from unified_planning.io import PDDLReader
from unified_planning.plans import ActionInstance, SequentialPlan
from unified_planning.shortcuts import MinimizeSequentialPlanLength, OneshotPlanner, OptimalityGuarantee


def parse(text):
    """PDDL as nested lists of words."""
    stack = [[]]
    for word in re.findall(r"[()]|[^\s()]+", re.sub(r";.*", "", text).lower()):
        if word == "(":
            stack.append([])
        elif word == ")":
            stack[-2].append(stack.pop())
        else:
            stack[-1].append(word)
    assert len(stack) == 1
    return stack[0]


def section(define, name):
    return [s for s in define[1:] if s[0] == name]


class Strips:
    def __init__(self, domain, problem):
        (domain,), (problem,) = parse(domain), parse(problem)
        self.objects = set(section(problem, ":objects")[0][1:])
        self.start = {tuple(f) for f in section(problem, ":init")[0][1:]}
        self.goal = self.terms(section(problem, ":goal")[0][1])
        self.actions = {}
        for a in section(domain, ":action"):
            part = dict(zip(a[2::2], a[3::2]))
            self.actions[a[1]] = (part[":parameters"], self.terms(part[":precondition"]), self.terms(part[":effect"]))

    @staticmethod
    def terms(formula):
        """A conjunction as (positive?, atom) pairs."""
        assert formula[0] == "and", formula
        return [(False, tuple(t[1])) if t[0] == "not" else (True, tuple(t)) for t in formula[1:]]

    @staticmethod
    def holds(state, positive, atom):
        return (atom[1] == atom[2] if atom[0] == "=" else atom in state) == positive

    def accepts(self, plan):
        state = set(self.start)
        for name, *args in plan:
            params, pre, effect = self.actions[name]
            if len(params) != len(args) or not self.objects.issuperset(args):
                return False
            bound = dict(zip(params, args))
            put = lambda atom: (atom[0], *(bound[v] for v in atom[1:]))
            if not all(self.holds(state, positive, put(atom)) for positive, atom in pre):
                return False
            state -= {put(atom) for positive, atom in effect if not positive}
            state |= {put(atom) for positive, atom in effect if positive}
        return all(self.holds(state, positive, atom) for positive, atom in self.goal)


def main():
    up.shortcuts.get_environment().credits_stream = None
    for line in sys.stdin:
        task = json.loads(line)
        plans = [parse(p) for p in task["plans"]]
        strips = Strips(task["domain"], task["problem"])
        problem = PDDLReader().parse_problem_string(task["domain"], task["problem"])
        out = {"strips": [strips.accepts(p) for p in plans], "up": []}
        with SequentialPlanValidator() as validator:
            for plan in plans:
                steps = [ActionInstance(problem.action(n), tuple(map(problem.object, args))) for n, *args in plan]
                out["up"].append(validator.validate(problem, SequentialPlan(steps)).status == ValidationResultStatus.VALID)
        if task.get("optimal"):
            problem.add_quality_metric(MinimizeSequentialPlanLength())
            with OneshotPlanner(problem_kind=problem.kind, optimality_guarantee=OptimalityGuarantee.SOLVED_OPTIMALLY) as planner:
                found = planner.solve(problem)
            solved = found.status in (PlanGenerationResultStatus.SOLVED_OPTIMALLY, PlanGenerationResultStatus.SOLVED_SATISFICING)
            out["optimal"] = len(found.plan.actions) if solved else None
        print(json.dumps(out), flush=True)


if __name__ == "__main__":
    main()
