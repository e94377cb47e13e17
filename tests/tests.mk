# tests.mk - the verbs that try things: check, demo, lint, fuzz, bench

UNIT = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
FLOW = $(wildcard tests/flow/*.py) $(wildcard tests/fault/*.py)
TARGETS = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAY = $(patsubst %,$(BUILD)/tests/replay_%,$(TARGETS))

$(BUILD)/tests/test_%: $(BUILD)/obj/tests/unit/test_%.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(JANSSON) $(CRYPTO)

$(BUILD)/tests/replay_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o \
		$(BUILD)/obj/tests/fuzz/replay.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(JANSSON) $(CRYPTO)

# The screens as text: tests/flow/golden.py compares them with the files of
# tests/golden, make golden writes these.
$(BUILD)/tests/golden: $(patsubst %.c,$(BUILD)/obj/%.o,\
		$(wildcard tests/golden/*.c)) $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(JANSSON) $(CRYPTO)

golden: $(BUILD)/tests/golden
	@for state in $$($(BUILD)/tests/golden); do \
		$(BUILD)/tests/golden $$state >tests/golden/$$state.txt; done

# The programs, taken over where they would parse: tests/fault/sandbox.py.
HIJACKED = $(addprefix $(BUILD)/hijacked/,mailcert mailcert-verify \
	mailcert-key mailcert-net mailcert-https mailcert-mail hasty free)
HIJACK = $(BUILD)/obj/tests/fault/hijack.o
TAKEN = challenge_parse jmap_ids_parse authres_dkim authres_smime response_compute \
	dns_look_up http_send connect_open jwk_thumbprint jws_sign jws_bind jws_roll_over \
	key_generate key_unlock bundle_read foreign_read \
	sealed_build sealed_open syscall
WRAP = $(addprefix -Wl$(COMMA)--wrap=,$(TAKEN))
COMMA = ,
OBJECTS_FIRST = $(filter %.o,$^) $(filter %.a,$^)

$(BUILD)/hijacked/mailcert: $(BUILD)/obj/handler/cmd/main.o $(HIJACK) \
		$(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) $(WRAP) -o $@ $^ $(JANSSON)

$(BUILD)/hijacked/mailcert-verify $(BUILD)/hijacked/mailcert-key: \
		$(BUILD)/hijacked/mailcert-%: $(BUILD)/obj/handler/helpers/%/main.o \
		$(HIJACK) $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) $(WRAP) -o $@ $(OBJECTS_FIRST) $(JANSSON) \
		$(CRYPTO)

# The static patterns above know one object of each program.
$(BUILD)/hijacked/mailcert-verify $(BUILD)/pebble/mailcert-verify: \
		$(filter-out %/main.o,$(VERIFY_OBJECTS))
$(BUILD)/hijacked/mailcert-key $(BUILD)/pebble/mailcert-key: \
		$(filter-out %/main.o,$(KEY_OBJECTS))

$(BUILD)/hijacked/mailcert-net: $(DNS_OBJECTS) $(HIJACK) $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) $(WRAP) -o $@ $^ $(DNS_LIBS)

$(BUILD)/hijacked/mailcert-https: $(HTTPS_OBJECTS) $(HIJACK) \
		$(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) $(WRAP) -o $@ $^ -lcurl $(CRYPTO)

$(BUILD)/hijacked/mailcert-mail: $(MAIL_OBJECTS) $(HIJACK) $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) $(WRAP) -o $@ $^ $(MAIL_LIBS)

# mailcert itself, with two seconds for each helper.
$(BUILD)/hijacked/hasty: $(BUILD)/obj/handler/cmd/main.o \
		$(BUILD)/obj/tests/fault/hijack_main.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--wrap=process_run -o $@ $^ $(JANSSON)

$(BUILD)/hijacked/free: $(BUILD)/obj/tests/fault/hijack_free.o $(HIJACK)
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--wrap=syscall -o $@ $^

# The programs as a client that pebble understands: tests/flow/pebble.py.
PEBBLE = $(addprefix $(BUILD)/pebble/mailcert,-key -verify -https -net) \
	$(BUILD)/pebble/mailcert

$(BUILD)/pebble/mailcert: $(BUILD)/obj/handler/cmd/main.o \
		$(BUILD)/obj/tests/pebble/identifier.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--wrap=identifier_write \
		-Wl,--wrap=identifier_names -o $@ $^ $(JANSSON)

WRAP_SAN = -Wl,--wrap=san_make,--wrap=san_is,--wrap=X509_get_extended_key_usage

$(BUILD)/pebble/mailcert-%: $(BUILD)/obj/handler/helpers/%/main.o \
		$(BUILD)/obj/tests/pebble/san.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) $(WRAP_SAN) -o $@ $(OBJECTS_FIRST) $(JANSSON) \
		$(CRYPTO)

$(BUILD)/pebble/mailcert-https $(BUILD)/pebble/mailcert-net: \
		$(BUILD)/pebble/%: $(BUILD)/%
	@mkdir -p $(@D)
	$(Q)ln -f $< $@

# A watcher that tries again soon, with the usual helpers: tests/flow/soak.py.
HURRIED = $(addprefix $(BUILD)/hurried/mailcert,-key -verify -https -net \
	-mail) $(BUILD)/hurried/mailcert

$(BUILD)/hurried/mailcert: $(BUILD)/obj/handler/cmd/main.o \
		$(BUILD)/obj/tests/fault/hurry.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -Wl,--wrap=pause_about -o $@ $^ $(JANSSON)

$(filter-out %/mailcert,$(HURRIED)): $(BUILD)/hurried/%: $(BUILD)/%
	@mkdir -p $(@D)
	$(Q)ln -f $< $@

# Preloaded into everything else: make check-ages.
$(BUILD)/clock.so: $(BUILD)/obj/tests/ages/clock.o
	$(SAY)LD $@
	$(Q)$(CC) -shared $(LDFLAGS) -o $@ $<

# What a first frame is measured against.
$(BUILD)/tests/newterm: $(BUILD)/obj/tests/bench/newterm.o
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CURSES)

tests: all $(UNIT) $(BUILD)/tests/golden $(BUILD)/tests/newterm $(REPLAY) \
	$(HIJACKED) $(PEBBLE) $(HURRIED) $(if $(AGES),$(BUILD)/clock.so)

# Each corpus once more, and the hostile messages as a corpus.  CORPUS/T.a is an
# archive of inputs that a fuzzer found, CORPUS/T holds those with a name.
CORPUS = tests/fuzz/corpus
REPLAYS = $(foreach t,$(TARGETS),'$(BUILD)/tests/replay_$(t) \
	$(wildcard $(CORPUS)/$(t).a $(CORPUS)/$(t)) tests/mail tests/signed')

# A script says in its head in which verbs it runs; tests/run looks there.
# The longest first, so that none is left alone at the end.
SCRIPTS = $(FLOW_FIRST) $(filter-out $(FLOW_FIRST),$(FLOW))
FLOW_FIRST = tests/flow/install_more.py tests/flow/install.py \
	tests/fault/index_many.py tests/fault/index.py tests/fault/import.py \
	tests/flow/race.py tests/flow/soak.py tests/flow/imap.py \
	tests/fault/issue.py tests/flow/lifecycle.py tests/flow/neomutt.py \
	tests/flow/many.py tests/flow/dnssec.py tests/flow/install_thunderbird.py \
	tests/flow/thunderbird.py tests/flow/submission.py tests/flow/alone.py \
	tests/flow/doctor.py tests/flow/jmap.py tests/flow/terminal.py \
	tests/flow/mutt.py tests/flow/acme.py tests/fault/sandbox.py \
	tests/flow/order_in_mua.py tests/flow/domain.py tests/fault/network.py \
	tests/flow/order.py tests/flow/import.py tests/flow/home_file.py \
	tests/flow/pebble.py tests/flow/export.py tests/flow/oneatatime.py \
	tests/fault/order.py tests/fault/home.py tests/flow/unattended.py \
	tests/flow/signatures.py tests/fault/lies.py tests/flow/byhand.py \
	tests/flow/watch.py tests/flow/trust.py tests/flow/verify.py \
	tests/flow/signed.py tests/flow/lint.py tests/flow/messages.py \
	tests/flow/mailservers.py tests/flow/setup.py tests/flow/smimea.py \
	tests/flow/commands.py tests/flow/docs.py tests/flow/make.py

# Building is part of what check may take.
AT_ONCE = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

ready:
	@tests/deps $(DEPS_BUILD) $(DEPS_CHECK)
	@tests/deps --unpack build/debian $(DEPS_UNPACK)
	@tests/deps --unpack build/exim $(DEPS_APART)
	@$(MAKE) --no-print-directory $(AT_ONCE) tests

# Under one minute, at each commit.
check-quick: ready
	@BUILD=$(BUILD) tests/run --verb check-quick $(UNIT) $(REPLAYS) $(SCRIPTS)

# Under four minutes, at the end of a piece of work.
check: ready
	@BUILD=$(BUILD) tests/run --verb check $(UNIT) $(REPLAYS) $(SCRIPTS)

# What check only takes samples of.
check-slow: ready
	@tests/deps $(DEPS_SLOW)
	@BUILD=$(BUILD) TEST_SLOW=1 tests/run --verb check-slow $(SCRIPTS)

# Whatever looks at dates, on other days.  The last of them crosses a year, and
# what lives longer than three weeks the end of 32 bits.
DATES = +2 +365 2028-02-29T12:00 2030-06-15T12:00 2037-12-31T23:59

check-ages:
	@$(MAKE) --no-print-directory AGES=1 ready
	@BUILD=build/ages TEST_DATES='$(DATES)' \
		tests/run --verb check-ages $(SCRIPTS)

demo:
	@tests/deps $(DEPS_BUILD) python3 python3-aiosmtpd python3-dkim python3-cryptography \
		openssl tmux neomutt gpgsm gpg-agent
	@$(MAKE) --no-print-directory all
	@BUILD=$(BUILD) tests/demo

bench: all $(BUILD)/tests/newterm
	@mkdir -p $(BUILD)/bench
	@$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $(BUILD)/bench/empty \
		tests/bench/empty.c
	@$(CC) $(ALL_CFLAGS) -pie $(LDFLAGS) -o $(BUILD)/bench/peak \
		tests/bench/peak.c
	@BUILD=$(BUILD) $(PYTHON) tests/bench/bench.py
	@BUILD=$(BUILD) $(PYTHON) tests/bench/mailbox.py

# make fuzz T=header TIME=60: one target with libFuzzer; the corpus is unpacked
# into build/fuzz, new inputs go there too.  make fuzz-merge T=header packs the
# corpus again, with those that widen it.
T ?= challenge
TIME ?= 60
FUZZ_SOURCES = $(filter-out handler/reply/match.c handler/reply/draft.c \
	handler/reply/response.c handler/mail/smimea_name.c,\
	$(wildcard handler/mail/*.c handler/reply/*.c)) \
	$(wildcard handler/base/*.c handler/acme/*.c) \
	handler/watch/jmap_answer.c handler/watch/jmap_url.c handler/watch/filter.c \
	handler/install/prefs.c $(filter-out tui/paint.c,$(wildcard tui/*.c)) \
	handler/overview/overview.c handler/overview/panel.c \
	handler/overview/panel_draw.c handler/setup/form.c handler/setup/setup.c \
	$(filter-out %/main.c %/connect.c %/send.c %/probe.c %/mailbox.c \
		%/wire.c %/announced.c,\
	$(wildcard handler/helpers/mail/*.c))

# What they call besides is taken as it was built.
$(BUILD)/fuzz/%: tests/fuzz/fuzz_%.c $(FUZZ_SOURCES) $(BUILD)/lib.a
	@mkdir -p $(@D) $(BUILD)/fuzz/new-$*
	clang -std=gnu11 -D_GNU_SOURCE -DMAILCERT_SANITIZE -I. -Ihandler -O1 -g \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
		-o $@ $^ $(JANSSON) $(CRYPTO)

UNPACKED = $(BUILD)/fuzz/corpus-$(T)
fuzz-unpack:
	@rm -rf $(UNPACKED)
	@mkdir -p $(UNPACKED)
	$(if $(wildcard $(CORPUS)/$(T).a),\
		cd $(UNPACKED) && ar x $(abspath $(CORPUS)/$(T).a))

fuzz: $(BUILD)/fuzz/$(T) fuzz-unpack
	$(BUILD)/fuzz/$(T) -max_total_time=$(TIME) -timeout=5 -rss_limit_mb=1024 \
		-max_len=8192 -print_final_stats=1 -artifact_prefix=$(BUILD)/fuzz/ \
		$(BUILD)/fuzz/new-$(T) $(UNPACKED) $(wildcard $(CORPUS)/$(T)) \
		tests/mail tests/signed

fuzz-merge: $(BUILD)/fuzz/$(T) fuzz-unpack
	$(BUILD)/fuzz/$(T) -merge=1 -max_len=4096 $(UNPACKED) \
		$(BUILD)/fuzz/new-$(T)
	tests/fuzz/pack $(UNPACKED) $(CORPUS)/$(T).a

# make differential COUNT=100000: our DKIM beside libopendkim and dkimpy.
COUNT ?= 100000
DIFFERENTIAL = $(BUILD)/obj/tests/differential

$(BUILD)/differential/dkim: $(DIFFERENTIAL)/dkim.o $(DIFFERENTIAL)/theirs.o \
		$(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CRYPTO)

differential:
	@tests/deps libopendkim-dev python3-dkim python3-cryptography
	@$(MAKE) --no-print-directory $(BUILD)/differential/dkim
	@BUILD=$(BUILD) $(PYTHON) tests/differential/run.py $(COUNT)

SOURCES_C = $(shell git ls-files -co --exclude-standard '*.c' '*.h' | grep -v unicode_table.h)
SOURCES_SH = $(shell git ls-files ':!*.md' | xargs grep -lE '^\#!/bin/(ba)?sh' --)

lint:
	@tests/deps $(DEPS_BUILD) $(DEPS_LINT)
	clang-format --dry-run -Werror $(SOURCES_C)
	tests/lint
	cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
		--enable=warning,performance,portability \
		--suppress=missingIncludeSystem -I. -Ihandler handler tui
	mandoc -T lint -W warning docs/mailcert.1 docs/mailcert-config.5
	shellcheck $(SOURCES_SH)

files:
	tests/files > $(BUILD)/FILES.md
	mv $(BUILD)/FILES.md docs/FILES.md

format:
	clang-format -i $(SOURCES_C)

.PHONY: tests golden ready check check-quick check-slow check-ages demo bench differential fuzz fuzz-merge fuzz-unpack lint files format
