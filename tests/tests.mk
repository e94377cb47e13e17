# tests.mk - the verbs that try things: check, demo, lint, fuzz, bench

UNIT = $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(wildcard tests/unit/test_*.c))
FLOW = $(wildcard tests/flow/*.py tests/fault/*.py)
TARGETS = $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
REPLAY = $(patsubst %,$(BUILD)/tests/replay_%,$(TARGETS))

$(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(BUILD)/lib.a
	@mkdir -p $(@D)
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(JANSSON) $(CRYPTO)

tests: all $(UNIT) $(REPLAY)
