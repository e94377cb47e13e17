# mailcert - answers ACME e-mail challenges (RFC 8823) from the terminal
#
# `make help` lists the verbs.  GNU make; everything is built under build/.

VERSION = 0.1
PREFIX ?= /usr/local
BUILD ?= build
CC ?= cc
PYTHON = /usr/bin/python3

# Debian's names; other systems: see docs/hacking.md.
DEPS_BUILD = gcc make pkg-config libssl-dev libcurl4-openssl-dev \
	libncurses-dev libmagic-dev libjansson-dev libidn2-dev libunbound-dev \
	libunistring-dev
# What the build looks for, and which of them brings it.
HEADERS = openssl/evp.h=libssl-dev curl/curl.h=libcurl4-openssl-dev \
	curses.h=libncurses-dev term.h=libncurses-dev magic.h=libmagic-dev \
	jansson.h=libjansson-dev idn2.h=libidn2-dev unbound.h=libunbound-dev \
	uninorm.h=libunistring-dev linux/seccomp.h=linux-libc-dev
DEPS_CHECK = dns-root-data bind9-dnsutils opendkim libnss3-tools pebble unbound ldnsutils python3-aiosmtpd python3-cryptography python3-dkim python3-dnspython python3 openssl git tmux mutt neomutt procmail maildrop \
	gpgsm gpg-agent dirmngr dovecot-imapd dovecot-lmtpd dovecot-sieve s-nail alpine mblaze nmh notmuch strace mandoc \
	systemd clang libclang-rt-14-dev libsasl2-modules libsasl2-modules-db
# Not installed: they conflict with a mail server that is there, or would be one.
DEPS_UNPACK = postfix dovecot-pop3d cyrus-common cyrus-caldav sasl2-bin rspamd knot nsd nginx libnginx-mod-mail libnss-wrapper
# It has files of the same names as Postfix.
DEPS_APART = exim4-daemon-light
# Large, and for check-slow only.
DEPS_SLOW = thunderbird
DEPS_LINT = clang-format cppcheck mandoc shellcheck git

# The library: all rooms but what is a program of its own; what is pure in
# mailcert-mail and mailcert-https for its tests.
MODULES = $(filter-out handler/cmd/main.c,$(wildcard handler/*/*.c)) \
	$(filter-out %/main.c %/connect.c %/wire.c %/announced.c,\
		$(wildcard handler/helpers/mail/*.c)) \
	handler/helpers/https/address.c \
	$(filter-out tui/paint.c,$(wildcard tui/*.c))
# What only one of our programs holds, beside it.
DNS_OBJECTS = $(patsubst %,$(BUILD)/obj/handler/helpers/dns/%.o,\
	main dns plain zone)
KEY_OBJECTS = $(patsubst %,$(BUILD)/obj/handler/helpers/key/%.o,\
	main held pack portable)
VERIFY_OBJECTS = $(patsubst %,$(BUILD)/obj/handler/helpers/verify/%.o,\
	main answers certificates encrypted evidence judge)
HTTPS_OBJECTS = $(patsubst %,$(BUILD)/obj/handler/helpers/https/%.o,\
	main fetch http retrieve)
MAIL_OBJECTS = $(patsubst %,$(BUILD)/obj/handler/helpers/mail/%.o,\
	main connect announced wire)
OBJECTS = $(patsubst %.c,$(BUILD)/obj/%.o,$(MODULES))
PROGRAMS = $(BUILD)/mailcert $(BUILD)/mailcert-key $(BUILD)/mailcert-verify \
	$(BUILD)/mailcert-net $(BUILD)/mailcert-https \
	$(BUILD)/mailcert-mail $(BUILD)/mailcert-screen.so

WARNINGS = -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes \
	-Wmissing-prototypes -Wpointer-arith -Wwrite-strings \
	-Wformat=2 -Wvla -Wdate-time
# The flags that not every compiler and processor has, where this one does.
accepted = $(foreach f,$(1),$(shell $(CC) -Werror $(f) -c -x c /dev/null \
	-o /dev/null >/dev/null 2>&1 && echo $(f)))
HARDENING := -fPIC -fstack-protector-strong -U_FORTIFY_SOURCE \
	-D_FORTIFY_SOURCE=3 -ffile-prefix-map=$(CURDIR)=. \
	$(call accepted,-fstack-clash-protection -fcf-protection=full \
	-ftrivial-auto-var-init=zero)
CFLAGS ?= -O2 -g
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' \
	-DLIBEXECDIR='"$(PREFIX)/libexec/mailcert"' -I. -Ihandler \
	$(WARNINGS) $(HARDENING) $(CFLAGS) $(SANITIZE) $(CLOCK)
LDFLAGS ?= -Wl,-z,relro,-z,now,-z,noexecstack,--as-needed
ALL_LDFLAGS = -pie $(LDFLAGS) $(SANITIZE)

# SAN=1: address and undefined behaviour sanitizers, in a tree of its own.
ifdef SAN
BUILD := build/san
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer -DMAILCERT_SANITIZE -U_FORTIFY_SOURCE
endif

# AGES=1: every program has the clock of tests/ages/clock.c.
ifdef AGES
BUILD := build/ages
MODULES += tests/ages/clock.c
CLOCK = -DCLOCK_FILE='"$(CURDIR)/$(BUILD)/offset"'
LDFLAGS += -Wl,-u,time -rdynamic
endif

# jansson goes in statically: mailcert runs for every message shown, and the
# dynamic linker would search for it each time (docs/design.md).
JANSSON = $(firstword $(wildcard $(shell pkg-config --variable=libdir \
	jansson 2>/dev/null)/libjansson.a) -ljansson)
CRYPTO = $(shell pkg-config --libs libcrypto 2>/dev/null)
MAIL_LIBS = -lcurl -lssl $(CRYPTO)
DNS_LIBS = -lunbound -lunistring -lresolv $(CRYPTO)
CURSES = $(shell pkg-config --libs ncursesw tinfo 2>/dev/null)

# V=1 shows the commands.
Q = $(if $(V),,@)
SAY = $(if $(V),@true ,@echo ' ')

all: $(PROGRAMS)

help:
	@echo 'make            build mailcert under build/'
	@echo 'make demo       answer a challenge on this machine, step by step'
	@echo 'make check      all tests, offline, in four minutes'
	@echo 'make check-quick  the first minute of them'
	@echo 'make check-slow   what check takes samples of, in full'
	@echo 'make check-ages   what looks at dates, on other days'
	@echo '                SAN=1: with sanitizers'
	@echo 'make lint       formatting, static analysis, manual pages'
	@echo 'make files      write docs/FILES.md, the table of source files'
	@echo 'make differential  our DKIM beside libopendkim'
	@echo 'make bench      start-up and memory, as ratios'
	@echo 'make fuzz T=header TIME=60'
	@echo 'make install    DESTDIR= PREFIX=/usr/local'
	@echo 'make uninstall  the same DESTDIR and PREFIX'
	@echo 'make deps       install the Debian packages all this needs'

# Once a build directory: what is missing, before the compiler says it.
$(BUILD)/ready:
	@tests/deps --headers '$(CC) $(CFLAGS)' $(HEADERS)
	@mkdir -p $(@D)
	@touch $@

$(BUILD)/obj/%.o: %.c | $(BUILD)/ready
	@mkdir -p $(@D)
	$(SAY)CC $<
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/lib.a: $(OBJECTS)
	@rm -f $@
	$(SAY)AR $@
	$(Q)ar rcs $@ $^

$(BUILD)/mailcert: $(BUILD)/obj/handler/cmd/main.o $(BUILD)/lib.a
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(JANSSON)

$(BUILD)/mailcert-key: $(KEY_OBJECTS) $(BUILD)/lib.a
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(JANSSON) $(CRYPTO)

$(BUILD)/mailcert-verify: $(VERIFY_OBJECTS) $(BUILD)/lib.a
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(CRYPTO)

$(BUILD)/mailcert-net: $(DNS_OBJECTS) $(BUILD)/lib.a
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(DNS_LIBS)

$(BUILD)/mailcert-https: $(HTTPS_OBJECTS) $(BUILD)/lib.a
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ -lcurl $(CRYPTO)

$(BUILD)/mailcert-mail: $(MAIL_OBJECTS) $(BUILD)/lib.a
	$(SAY)LD $@
	$(Q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(MAIL_LIBS)

$(BUILD)/mailcert-screen.so: $(BUILD)/obj/tui/paint.o $(BUILD)/lib.a
	$(SAY)LD $@
	$(Q)$(CC) -shared $(LDFLAGS) $(SANITIZE) -o $@ $^ $(CURSES)

-include $(shell find $(BUILD)/obj -name '*.d' 2>/dev/null)

include tests/tests.mk

# Of a PREFIX like ~/.local, share/mailcert is the user's own home of mailcert:
# private, and no place for what is installed.
DATADIR = $(shell full() { realpath -m "$$1" 2>/dev/null || echo "$$1"; }; \
	home=$$(full "$${XDG_DATA_HOME:-$$HOME/.local/share}/mailcert"); \
	if [ "$$(full '$(PREFIX)/share/mailcert')" = "$$home" ]; \
	then echo '$(PREFIX)/lib/mailcert'; \
	else echo '$(PREFIX)/share/mailcert'; fi)
# What is written there tells the paths of this installation.
RELOCATE = sed -e 's|/usr/local/share/mailcert|$(DATADIR)|g' \
	-e 's|/usr/local/bin/|$(PREFIX)/bin/|g'

# For programs of the user, and for systemd.
SHARED = $(filter-out $(UNITS),$(wildcard mailcap/*))
UNITS = $(wildcard mailcap/*.service mailcap/*.timer)
UNITDIR = $(PREFIX)/share/systemd/user

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/mailcert \
		$(DESTDIR)$(DATADIR) $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(PREFIX)/share/man/man1 \
		$(DESTDIR)$(PREFIX)/share/man/man5 \
		$(DESTDIR)$(PREFIX)/share/doc/mailcert
	install $(BUILD)/mailcert $(DESTDIR)$(PREFIX)/bin/
	install $(BUILD)/mailcert-key $(BUILD)/mailcert-verify \
		$(BUILD)/mailcert-net $(BUILD)/mailcert-https \
		$(BUILD)/mailcert-mail \
		$(DESTDIR)$(PREFIX)/libexec/mailcert/
	install -m 644 $(BUILD)/mailcert-screen.so \
		$(DESTDIR)$(PREFIX)/libexec/mailcert/
	install -m 644 $(SHARED) $(DESTDIR)$(DATADIR)/
	install -m 644 $(UNITS) $(DESTDIR)$(UNITDIR)/
	install -m 644 docs/mailcert.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 docs/mailcert-config.5 \
		$(DESTDIR)$(PREFIX)/share/man/man5/
	$(RELOCATE) -i $(addprefix $(DESTDIR)$(DATADIR)/,\
		$(notdir $(SHARED))) \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(UNITS))) \
		$(DESTDIR)$(PREFIX)/share/man/man1/mailcert.1
	install -m 644 README.md LICENSE docs/*.md \
		$(DESTDIR)$(PREFIX)/share/doc/mailcert/
	@echo 'For mutt and neomutt, put this line into your muttrc:'
	@echo '  source $(DATADIR)/mutt.rc'

# The same PREFIX and DESTDIR as for install.  What users have is not touched.
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/mailcert \
		$(DESTDIR)$(PREFIX)/share/man/man1/mailcert.1 \
		$(DESTDIR)$(PREFIX)/share/man/man5/mailcert-config.5 \
		$(addprefix $(DESTDIR)$(PREFIX)/libexec/mailcert/,\
		$(notdir $(filter-out %/mailcert,$(PROGRAMS)))) \
		$(addprefix $(DESTDIR)$(DATADIR)/,\
		$(notdir $(SHARED))) \
		$(addprefix $(DESTDIR)$(UNITDIR)/,$(notdir $(UNITS))) \
		$(addprefix $(DESTDIR)$(PREFIX)/share/doc/mailcert/,\
		README.md LICENSE $(notdir $(wildcard docs/*.md)))
	@rmdir $(DESTDIR)$(PREFIX)/libexec/mailcert $(DESTDIR)$(DATADIR) \
		$(DESTDIR)$(PREFIX)/share/doc/mailcert 2>/dev/null || true

deps:
	@tests/deps --install $(DEPS_BUILD) $(DEPS_CHECK) $(DEPS_SLOW) $(DEPS_LINT)
	@tests/deps --unpack build/debian $(DEPS_UNPACK)
	@tests/deps --unpack build/exim $(DEPS_APART)

clean:
	rm -rf build

.PHONY: all tests help install uninstall deps clean
.DELETE_ON_ERROR:
.SECONDARY:
