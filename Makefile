# Folkmoot. `make demo` and `make test` work on a fresh Debian machine with Python 3.11 and Node 20.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000
STAMP := .venv/.installed
NODE := web/node_modules/.package-lock.json
STOCK := tests/stock/node_modules/.package-lock.json
EDITORS := tests/editors/dist/codemirror.html
PAGE := web/dist/index.html

.PHONY: decisions bench-profile fuzz plans long-life demo story test check web serve bench bench-routing bench-long bench-replay world world-mutations histories soak clean bench-designs bench-layers

demo: $(STAMP) $(PAGE)  ## start a server with a workspace to try
	$(BIN)/folkmoot demo --port $(PORT)

story: $(STAMP)  ## act a conflict out in the terminal
	$(BIN)/folkmoot demo --story

serve: $(STAMP) $(PAGE)  ## serve ./folkmoot-data
	$(BIN)/folkmoot serve --port $(PORT)

web: $(NODE)  ## build the page
	cd web && npm run build

check: $(STAMP)  ## style, types, the shape of the house
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_house.py

decisions: $(STAMP)  ## the index of docs/decisions, from its files
	$(BIN)/python -m tests.decisions

test: $(STAMP) $(PAGE) $(STOCK) $(EDITORS) check  ## everything, browser, stock clients and editors included
	cd web && npm test
	$(BIN)/python -m pytest -n $(or $(WORKERS),2) --dist loadfile

bench: $(STAMP)  ## beside other servers, written to docs/performance.md; fetches them first (an hour and more)
	$(BIN)/python -m tests.bench.peers --reps $(or $(REPS),5) --write

bench-layers: $(STAMP)  ## what our layers cost, as ratios against the bare libraries
	$(BIN)/python -m tests.measure

bench-routing: $(STAMP)  ## cost against success of routing, written to docs/routing.md
	$(BIN)/python -m tests.bench.routing --tasks 2000 --seed 2 --write

bench-profile: $(STAMP)  ## where a saturated server's time goes, written to docs/profile.md
	$(BIN)/python -m tests.bench.profile --write

bench-replay: $(STAMP)  ## folding and time travel on 100,000 records, written to docs/replay.md
	$(BIN)/python -m tests.bench.replay --records 100000 --write

bench-long: $(STAMP)  ## tokens of a plan against the length of the document
	$(BIN)/python -m tests.bench.long_document

world: $(STAMP)  ## many simulated worlds: people, sockets, crashes, a disk, a clock; SEEDS, SEED0, STEPS
	$(BIN)/python -m tests.world --seeds $(or $(SEEDS),1000) --seed0 $(or $(SEED0),0) --steps $(or $(STEPS),60)

world-mutations: $(STAMP)  ## switch every guard off in turn: the world must notice
	$(BIN)/python -m tests.world --mutations

bench-designs: $(STAMP)  ## five designs of an agent under the same people, written to docs/designs.md; a quarter of an hour
	$(BIN)/python -m tests.bench.designs --minutes 14 --seeds 6 --write

fuzz: $(STAMP) $(STOCK)  ## hostile frames against a room in child processes; FRAMES, SEED; goes on from FIRST
	$(BIN)/python -m tests.fuzz --frames $(or $(FRAMES),100000) --seed $(or $(SEED),1) --first $(or $(FIRST),0)

plans: $(STAMP) $(STOCK)  ## random plans of both planners with planted failures, judged by a stock Yjs; RUNS, SEED; goes on from FIRST
	$(BIN)/python -m tests.plans --runs $(or $(RUNS),1000) --seed $(or $(SEED),1) --first $(or $(FIRST),0)

long-life: $(STAMP) $(STOCK)  ## documents of 20,000 clients, 500,000 deleted ranges, 10 MiB, over sockets; says how long each step took
	FOLKMOOT_LONG_LIFE=1 $(BIN)/python -m pytest -s tests/crdt/test_long_life.py tests/stock/test_long_life.py

histories: $(STAMP)  ## random histories of people, plans and crashes against the bare sequencer
	FOLKMOOT_HISTORIES=$(or $(HISTORIES),2000) $(BIN)/python -m pytest tests/workspace/intents -k any_history

soak: $(STAMP) $(STOCK)  ## the stories, RUNS times each from seed SEED0 on; each says its seeds and how many passed
	FOLKMOOT_STORY_RUNS=$(or $(RUNS),100) FOLKMOOT_SEED0=$(or $(SEED0),1) $(BIN)/python -m pytest tests/scenarios -o faulthandler_timeout=3600

$(STAMP): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

$(NODE): web/package-lock.json
	cd web && npm ci --no-audit --no-fund
	touch $@

$(STOCK): tests/stock/package-lock.json
	cd tests/stock && npm ci --no-audit --no-fund
	touch $@

$(EDITORS): tests/editors/package-lock.json tests/editors/build.mjs $(wildcard tests/editors/pages/*)
	cd tests/editors && npm ci --no-audit --no-fund --ignore-scripts && npm run build

$(PAGE): $(NODE) $(wildcard web/src/* web/src/*/*) web/index.html web/vite.config.ts
	cd web && npm run build

clean:  ## remove what was built and installed
	rm -rf .venv web/dist web/node_modules tests/stock/node_modules tests/editors/node_modules tests/editors/dist tests/bench/peers/.peers
