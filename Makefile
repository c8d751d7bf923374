# Folkmoot. `make demo` and `make test` work on a fresh Debian machine with Python 3.11 and Node 20; `make` lists the rest.
PYTHON ?= python3
BIN := .venv/bin
PORT ?= 8000
STAMP := .venv/.installed
NODE := web/node_modules/.package-lock.json
STOCK := tests/stock/node_modules/.package-lock.json
EDITORS := tests/editors/dist/codemirror.html
PAGE := web/dist/index.html
# The shape of the house, in its code and on its pages.
HOUSE := tests/test_house.py tests/test_floors.py tests/test_late_imports.py tests/test_invariants.py \
  tests/test_walks.py tests/test_references.py tests/test_vocabulary.py tests/test_public_surface.py
# What needs no browser and no server; some of it asks stock Yjs in node. What takes long is left out:
# files that search, tests that are marked so, and the house, which `make check` holds.
UNITS := tests/test_makefile.py tests/test_prepare.py tests/crdt tests/workspace/intents \
  tests/agent/builtin tests/agent/gateway tests/agent/scripted \
  --ignore=tests/crdt/test_long_life.py --ignore=tests/crdt/test_outside.py \
  --ignore=tests/workspace/intents/test_words_about_people.py

.DEFAULT_GOAL := help
.PHONY: help demo story serve web check quick test style types decisions page-units units tested clean \
  accept-worlds accept-guards accept-fuzz accept-hostile accept-plans accept-long-life accept-histories accept-undo accept-kills accept-stories loss api-fuzz \
  bench bench-layers bench-routing bench-profile bench-replay bench-long bench-designs bench-growth bench-growth-beside

help:  ## this list
	@sed -nE 's/^([a-z-]+):.*  ## (.*)$$/\1\t\2/p' $(firstword $(MAKEFILE_LIST)) | while IFS="$$(printf '\t')" read -r name says; do \
		printf '%-18s %s\n' "$$name" "$$says"; done

demo: $(STAMP) $(PAGE)  ## start a server with a workspace to try; PORT
	$(BIN)/folkmoot demo --port $(PORT)

story: $(STAMP)  ## act a conflict out in the terminal
	$(BIN)/folkmoot demo --story

serve: $(STAMP) $(PAGE)  ## serve ./folkmoot-data; PORT
	$(BIN)/folkmoot serve --port $(PORT)

web: $(NODE)  ## build the page
	cd web && npm run build

check: style types  ## style, types, the shape of the house
	$(BIN)/python -m pytest $(HOUSE)

decisions: $(STAMP)  ## the index of docs/decisions, from its files
	$(BIN)/python -m tests.decisions

# Properties with a fifth of their examples: `make test` tries them all.
quick: $(STAMP) $(NODE) $(STOCK)  ## style, types, kernel and unit tests, the page's too, without what takes long: within a minute on two cores
	@FOLKMOOT_EXAMPLES=0.2 $(MAKE) --no-print-directory --output-sync=target -j 2 style types page-units units

test:  ## everything, with stock clients, editors, a browser, PostgreSQL, nginx: installs what is missing; WORKERS
	@PYTHON=$(PYTHON) tests/prepare.sh python node browser postgres proxy
	@$(MAKE) --no-print-directory tested

style: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

page-units: $(NODE)
	cd web && npm test

units: $(STAMP) $(STOCK)
	$(BIN)/python -m pytest -n 2 -m "not long" $(UNITS)

# What fails in seconds comes first, and pytest's closing line is the last. Of random examples there are half as many
# as by hand, so that all of it stays within 25 minutes on two cores; the seeds are others each time. Three
# workers: they wait for browsers and servers for most of their time.
tested: $(STAMP) $(PAGE) $(STOCK) $(EDITORS) style types page-units
	FOLKMOOT_EXAMPLES=$(or $(FOLKMOOT_EXAMPLES),0.5) $(BIN)/python -m pytest -n $(or $(WORKERS),3) --dist loadfile

accept-worlds: $(STAMP)  ## many simulated worlds: people, sockets, crashes, a disk, a clock; SEEDS, STEPS; goes on from SEED0
	$(BIN)/python -m tests.world --seeds $(or $(SEEDS),1000) --seed0 $(or $(SEED0),0) --steps $(or $(STEPS),60)

accept-guards: $(STAMP)  ## switch every guard off in turn: the worlds must notice
	$(BIN)/python -m tests.world --mutations

accept-fuzz: $(STAMP) $(STOCK)  ## hostile frames against a room in child processes; FRAMES, SEED; goes on from FIRST
	$(BIN)/python -m tests.fuzz --frames $(or $(FRAMES),100000) --seed $(or $(SEED),1) --first $(or $(FIRST),0)

accept-hostile: $(STAMP)  ## hostile programs beside people who type: latency, memory, exactness, reload; SEED, SECONDS, ONLY; goes on at FROM
	$(BIN)/python -m tests.hostile.run --seed $(or $(SEED),1) --seconds $(or $(SECONDS),3) --from "$(FROM)" --only "$(ONLY)"

accept-plans: $(STAMP) $(STOCK)  ## random plans of both planners with planted failures, judged by a stock Yjs; RUNS, SEED; goes on from FIRST
	$(BIN)/python -m tests.plans --runs $(or $(RUNS),1000) --seed $(or $(SEED),1) --first $(or $(FIRST),0)

accept-long-life: $(STAMP) $(STOCK)  ## documents of 20,000 clients, 500,000 deleted ranges, 10 MiB, over sockets; says how long each step took
	FOLKMOOT_LONG_LIFE=1 $(BIN)/python -m pytest -s tests/crdt/test_long_life.py tests/stock/test_long_life.py

accept-histories: $(STAMP)  ## random histories of people, plans and crashes against the bare sequencer; TIMES as many, SEED
	FOLKMOOT_EXAMPLES=$(or $(TIMES),30) $(BIN)/python -m pytest --hypothesis-seed=$(or $(SEED),1) tests/workspace/intents -k any_history

accept-undo: $(STAMP)  ## random histories with undos, against a model of what an undo may do; TIMES as many, SEED
	FOLKMOOT_EXAMPLES=$(or $(TIMES),15) $(BIN)/python -m pytest --hypothesis-seed=$(or $(SEED),1) tests/workspace/workers/test_undo_histories.py

accept-kills: $(STAMP)  ## kill -9 at every moment around a model's call, of answers of every kind
	FOLKMOOT_EXAMPLES=2 $(BIN)/python -m pytest tests/faults

accept-stories: $(STAMP) $(STOCK)  ## the stories, RUNS times each; goes on from SEED0; each says its seeds and how many passed
	FOLKMOOT_STORY_RUNS=$(or $(RUNS),100) FOLKMOOT_SEED0=$(or $(SEED0),1) $(BIN)/python -m pytest tests/scenarios -o faulthandler_timeout=3600

api-fuzz: $(STAMP) $(PAGE)  ## the HTTP API asked at random by its own description, as its owner and as nobody; EXAMPLES, SEED
	$(BIN)/python -m tests.api_fuzz --examples $(or $(EXAMPLES),100) --seed $(or $(SEED),1)

loss: $(STAMP) $(PAGE)  ## random stories in browsers with everything killed: nothing typed is lost; STORIES, goes on from SEED0; an hour
	$(BIN)/python -m tests.web.loss --stories $(or $(STORIES),200) --seed0 $(or $(SEED0),0)
	$(BIN)/python -m tests.web.loss --plants --stories 20

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

bench-growth: $(STAMP)  ## how the sequencer's work grows with ready plans on one key and with the keys of a document
	$(BIN)/python -m tests.bench.growth

bench-growth-beside: $(STAMP)  ## what growth in one workspace costs those who type, written to docs/growth.md
	$(BIN)/python -m tests.bench.growth_beside --write

bench-designs: $(STAMP)  ## five designs of an agent under the same people, written to docs/designs.md; a quarter of an hour
	$(BIN)/python -m tests.bench.designs --minutes 14 --seeds 6 --write

$(STAMP): pyproject.toml
	@PYTHON=$(PYTHON) tests/prepare.sh python
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	touch $@

$(NODE): web/package-lock.json
	@tests/prepare.sh node
	cd web && npm ci --no-audit --no-fund
	touch $@

$(STOCK): tests/stock/package-lock.json
	@tests/prepare.sh node
	cd tests/stock && npm ci --no-audit --no-fund
	touch $@

$(EDITORS): tests/editors/package-lock.json tests/editors/build.mjs $(wildcard tests/editors/pages/*)
	@tests/prepare.sh node
	cd tests/editors && npm ci --no-audit --no-fund --ignore-scripts && npm run build

$(PAGE): $(NODE) $(wildcard web/src/* web/src/*/*) web/index.html web/admin.html web/vite.config.ts web/pack.mjs
	cd web && npm run build

clean:  ## remove what was built and installed
	rm -rf .venv web/dist web/node_modules tests/stock/node_modules tests/editors/node_modules tests/editors/dist tests/bench/peers/.peers
