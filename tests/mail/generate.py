#!/usr/bin/python3
"""Write the messages of this directory: NAME.eml beside NAME.expect.

NAME.expect holds a refusal name, "done" (answered unattended) or
"needs-a-person W" (a warning W).  The letters are the groups of attacks in
docs/threats.md.  Run it after a change and look at `git diff`.

The order they meet: alice@example.org, from acme-challenge+1@ca.example.
"""
import base64
import os
import quopri
import re

HERE = os.path.dirname(os.path.abspath(__file__))
TOKEN = "LgYemJLy3F1LDkiJrdIGbEzyFJyOyf6vBdyZ1TG3sME="
CA = "acme-challenge+1@ca.example"
DATE = "Sun, 22 Nov 2026 04:00:00 +0000"
cases = {}


def message(drop=(), add=b"", body=b"This is an ACME challenge.\n", eol=b"\n",
            **fields):
    """Fields in their usual order; a value is bytes or text."""
    base = {"Received": "from ca.example by mx.example.org; " + DATE,
            "Date": DATE, "From": CA, "To": "alice@example.org",
            "Message-ID": "<c1@ca.example>",
            "Auto-Submitted": "auto-generated; type=acme",
            "Subject": "ACME: " + TOKEN, "MIME-Version": "1.0",
            "Content-Type": "text/plain"}
    for name, value in fields.items():
        base[name.replace("_", "-")] = value
    out = b""
    for name, value in base.items():
        if name in drop:
            continue
        value = value if isinstance(value, bytes) else value.encode()
        out += name.encode() + b": " + value + b"\n"
    return (out + add + b"\n" + body).replace(b"\n", eol)


def case(name, expect, data=None, **how):
    cases[name] = (data if data is not None else message(**how), expect)


def b64(text, charset="UTF-8"):
    raw = text if isinstance(text, bytes) else text.encode()
    return "=?%s?B?%s?=" % (charset, base64.b64encode(raw).decode())


def q(text, charset="UTF-8"):
    raw = text if isinstance(text, bytes) else text.encode()
    return "=?%s?Q?%s?=" % (charset, "".join(
        chr(c) if c < 128 and chr(c).isalnum() else "=%02X" % c for c in raw))


# --- accepted: valid but tricky (P16), and every Subject form -------------
case("ok-plain", "done")
case("ok-crlf", "done", eol=b"\r\n")
case("ok-crlf-bare-lf-before-body", "done",
     data=message(eol=b"\r\n").replace(b"\r\n\r\n", b"\r\n\n", 1))
case("ok-mbox-from-line", "done",
     data=b"From ca@ca.example Sun Nov 22 04:00:00 2026\n" + message())
case("ok-folded-after-label", "done", Subject="ACME:\n " + TOKEN)
case("ok-folded-token", "done",
     Subject="ACME:\n " + TOKEN[:32] + "\n " + TOKEN[32:])
case("ok-folded-tab", "done", Subject="ACME:\n\t" + TOKEN)
case("ok-blanks-in-token", "done",
     Subject="ACME:  " + TOKEN[:10] + " \t " + TOKEN[10:])
case("ok-q-word", "done",
     Subject="=?UTF-8?Q?ACME:_LgYemJLy3F1LDki=20JrdIGbEzyFJyOyf=20=20"
             "6vBdyZ1TG3sME=3D?=")
case("ok-b-word-language", "done",
     Subject=b64("ACME: " + TOKEN, "US-ASCII*en"))
case("ok-words-split-anywhere", "done",
     Subject=" ".join(q(c) for c in ("AC", "ME", ": ", TOKEN[:7], TOKEN[7:])))
case("ok-words-split-folded", "done",
     Subject=b64("ACME: " + TOKEN[:9]) + "\n  " + b64(TOKEN[9:]))
case("ok-word-then-text", "done", Subject=q("ACME:") + " " + TOKEN)
case("ok-unpadded", "done", Subject="ACME: " + TOKEN[:-1])
case("ok-22-characters", "done", Subject="ACME: V4nE8NhYh6edBpfQTg5qqQ")
case("ok-odd-case-names", "done",
     data=message().replace(b"Subject:", b"SUBJECT:").replace(b"To:", b"tO:"))
case("ok-auto-comments", "done",
     Auto_Submitted='(c) Auto-Generated (d) ; (e) TYPE="acme" ; owner=x')
case("ok-auto-no-type", "done", Auto_Submitted="auto-generated")
case("ok-name-and-comment", "done",
     From='"Example CA" (machine) <%s>' % CA, To="Alice <alice@example.org>")
case("ok-domain-case", "done", From=CA.replace("ca.example", "CA.Example"))
case("ok-no-message-id", "done", drop=("Message-ID",))
case("ok-no-mime", "done", drop=("MIME-Version", "Content-Type"))
case("ok-mbox-quoted-from", "done",
     data=b"From ca@ca.example Sun Nov 22 04:00:00 2026\n" + message(
         body=b"Text\n\n>From here on\n"))
case("ok-reply-to", "done", Reply_To="responses+1@ca.example")
case("ok-references-none", "done", Cc="log@ca.example")
case("ok-precedence-bulk", "done", Precedence="bulk",
     X_Auto_Response_Suppress="All")
case("ok-html", "done", Content_Type="text/html",
     body=b"<p>This is an ACME challenge.</p>\n")
case("ok-accented-name", "done", From=q("J\u00fcrgen CA") + " <%s>" % CA)
case("ok-body-controls", "done", body=b"\x1b[2J\x00\xff\r\n--x\n" * 20)
case("ok-broken-mime-body", "done",
     Content_Type="multipart/mixed; boundary=x",
     body=b"--x\nContent-Transfer-Encoding: ../../bin/sh\n\nbegin 644 x\n#\n")

# --- P: parsing -----------------------------------------------------------
case("p1-empty", "not-a-challenge", data=b"")
case("p1-nul", "not-a-challenge", data=b"\0" * 5000)
case("p1-ff", "not-a-challenge", data=b"\xff" * 5000)
case("p1-gzip", "not-a-challenge", data=bytes.fromhex(
    "1f8b0800000000000003cb48cdc9c95728cf2fca49e1020000ffff"))
case("p1-utf16", "not-a-challenge",
     data=message().decode().encode("utf-16"))
case("p1-only-from-line", "not-a-challenge", data=b"From a b\n")
case("p2-many-fields", "too-large", add=b"X: y\n" * 2000)
case("p2-many-addresses", "too-large",
     To=", ".join("a%d@b.example" % i for i in range(2000)))
case("p2-many-folds", "too-large", add=b"X: y\n" + b" z\n" * 30000)
case("p2-long-line", "too-large", add=b"X: " + b"y" * 70000 + b"\n")
case("p3-many-parentheses", "too-large", From="(" * 20000 + CA)
case("p3-nested-comments", "too-large",
     From="(" * 200 + ")" * 200 + CA)
case("p3-quoted-pairs", "ambiguous-header", From='"' + '\\"' * 9000 + CA)
case("p4-semicolons", "ambiguous-header", From=";" * 5000)
case("p4-empty-groups", "ambiguous-header", From="g:;" * 5000)
case("p6-nul", "malformed", X_Y=b"a\0b")
case("p6-bare-cr", "malformed", X_Y=b"a\rBcc: x@y.example")
case("p6-bare-lf-among-crlf", "malformed",
     data=message(eol=b"\r\n").replace(b"To:", b"X: y\nTo:", 1))
case("p6-lf-before-a-field-that-counts", "malformed",
     data=b"X-Status: 1\n" + message(eol=b"\r\n", drop=("Received",)))
case("p6-lf-in-a-fold", "malformed", data=message(
    eol=b"\r\n", add=b"X-A: b\n c\n").replace(b"b\r\n c", b"b\n c").replace(
        b"X-A", b"Cc: d@e.example\r\nX-A").replace(b"c\r\n\r\n",
                                                  b"c\nSender: x@y\r\n\r\n"))
case("p6-crlf-among-lf", "malformed",
     data=message().replace(b"alice@example.org\n", b"alice@example.org\r\n"))
case("ok-store-fields-lf-above-crlf", "done",
     data=b"From - Tue Nov 24 10:00:00 2026\nX-Mozilla-Status: 0001\n"
     b"X-Mozilla-Status2: 00000000\n" + message(eol=b"\r\n"))
case("ok-store-fields-lf-below-crlf", "done", data=message(
    eol=b"\r\n", add=b"X-Keywords: a\nStatus: RO\n").replace(
        b"a\r\nStatus: RO\r\n\r\n", b"a\nStatus: RO\n\n"))
case("ok-store-fields-crlf-among-lf", "done",
     data=b"X-UIDL: 1\r\n" + message())
case("ok-empty-line-in-front", "done", data=b"\n" + message())
case("ok-empty-lines-in-front-crlf", "done",
     data=b"\r\n\r\n" + message(eol=b"\r\n"))
case("ok-quoted-from-line", "done", data=b">From ca@ca.example Sun\n" +
     message())
case("ok-two-from-lines", "done", data=b"From a Sun Nov 22 04:00:00 2026\n"
     b">From b Sun Nov 22 04:00:00 2026 remote from x\n" + message())
MMDF = b"\1\1\1\1\n"
case("ok-mmdf", "done", data=MMDF + message() + MMDF)
case("ok-mmdf-from-line", "done", data=MMDF + b"From a@b Tue Nov 24 10:00:00 "
     b"2026\n" + message() + MMDF + b"\n")
case("ok-mmdf-unclosed", "done", data=MMDF + message())
case("p16-several-in-mmdf", "malformed", data=2 * (MMDF + message() + MMDF))
case("p16-several-behind-an-empty-line", "malformed", data=b"\n" + 2 * (
    b"From ca@ca.example Sun Nov 22 04:00:00 2026\n" + message() + b"\n"))
case("p6-vt", "malformed", X_Y=b"a\x0bb")
case("p7-no-colon", "malformed", data=message().replace(b"To:", b"junk\nTo:"))
case("p7-space-before-name", "malformed",
     data=b" From: x@y.example\n" + message())
case("p7-space-before-colon", "malformed",
     data=message().replace(b"From:", b"From :"))
case("p7-empty-name", "malformed", add=b": x\n")
case("p7-8bit-name", "malformed", add="\u00dc: x\n".encode())
case("ok-fold-of-blanks", "done",
     data=message().replace(b"To:", b"X: y\n \t\nTo:"))
for name in (b"Subject", b"To", b"Message-ID", b"Content-Type"):
    case("p7-fold-of-blanks-" + name.decode().lower(), "malformed",
         data=re.sub(rb"(?m)^(%s: .*\n)" % name, rb"\1 \t\n", message()))
case("p8-smuggled", "wrong-to", data=message(
    To="mallory@example.org") + b".\nMAIL FROM:<a@b>\n" + message())
case("p10-bad-q", "malformed", Subject="=?UTF-8?Q?ACME:_=G0" + TOKEN + "?=")
case("p10-unknown-encoding", "not-a-challenge",
     Subject="=?UTF-8?X?ACME:_" + TOKEN + "?=")
case("p10-unclosed", "not-a-challenge", Subject="=?UTF-8?Q?ACME:_" + TOKEN)
case("p10-double", "not-a-challenge", Subject=q(q("ACME: " + TOKEN)))
case("p10-many-words", "bad-token",
     Subject=q("ACME: ") + " =?UTF-8?Q?A?=" * 3000)
for charset in ("ISO-8859-1", "UTF-7", "ISO-2022-JP", "us-ascii;$(touch_x)"):
    case("p11-" + charset.split(";")[0].lower(), "bad-charset",
         Subject=q("ACME: " + TOKEN, charset))
case("p11-utf-16", "bad-charset",
     Subject=b64(("ACME: " + TOKEN).encode("utf-16-be"), "UTF-16"))
case("p12-overlong", "malformed", Subject=q(b"ACME: \xc1\x81" +
                                            TOKEN.encode()))
case("p12-truncated", "malformed", Subject=q(b"ACME: " + TOKEN.encode() +
                                             b"\xc3"))
case("p12-surrogate", "malformed", Subject=q(b"ACME: \xed\xa0\x80" +
                                             TOKEN.encode()))
case("p12-ascii-8bit", "malformed",
     Subject=q(b"ACME: \xc3\xa4" + TOKEN.encode(), "US-ASCII"))
for name, token in (("120-bits", "AAECAwQFBgcICQoLDA0O"),
                    ("21", TOKEN[:21]), ("25", TOKEN[:25]),
                    ("plus", TOKEN.replace("L", "+", 1)),
                    ("slash", TOKEN.replace("L", "/", 1)),
                    ("pad-middle", TOKEN[:20] + "=" + TOKEN[20:]),
                    ("spare-bits", TOKEN[:42] + "F"),
                    ("too-much-pad", TOKEN + "="),
                    ("long", "A" * 36000), ("two", TOKEN + " " + TOKEN),
                    ("text-after", TOKEN + " (please answer)"),
                    ("angle", "<" + TOKEN + ">"), ("quoted", '"%s"' % TOKEN),
                    ("none", "")):
    case("p13-token-" + name,
         "malformed" if name == "none" else "bad-token",
         Subject="ACME: " + token)
for name, text in (("cyrillic", "ACME: \u0430" + TOKEN[1:]),
                   ("zero-width", "ACME: " + TOKEN[:9] + "\u200b" + TOKEN[9:]),
                   ("nbsp", "ACME: " + TOKEN[:9] + "\u00a0" + TOKEN[9:]),
                   ("nel", "ACME: " + TOKEN[:9] + "\u0085" + TOKEN[9:]),
                   ("2028", "ACME: " + TOKEN[:9] + "\u2028" + TOKEN[9:])):
    case("p14-" + name, "bad-token", Subject=q(text))
case("p14-full-width-colon", "not-a-challenge", Subject=q("ACME\uff1a " + TOKEN))
case("p14-nbsp-after-label", "malformed", Subject=q("ACME:\u00a0" + TOKEN))
case("p14-cyrillic-label", "not-a-challenge", Subject=q("\u0410CME: " + TOKEN))
case("p14-no-blank", "malformed", Subject="ACME:" + TOKEN)
case("p14-lower-case", "not-a-challenge", Subject="acme: " + TOKEN)
for name, prefix in (("re", "Re: "), ("aw", "AW: "), ("sv", "SV: "),
                     ("fwd", "Fwd: "), ("re2", "RE[2]: "),
                     ("chinese", "\u56de\u590d: "), ("re-re", "Re: Re: "),
                     ("wide-colon", "\u56de\u590d\uff1a "),
                     ("list", "[list] Re: "), ("french", "Re : "),
                     ("behind-tag", "[EXTERNAL] AW: ")):
    case("p15-" + name, "is-a-reply", Subject=q(prefix) + " ACME: " + TOKEN
         if not prefix.isascii() else prefix + "ACME: " + TOKEN)
for name, prefix in (("external", "[EXTERNAL] "), ("spam", "***SPAM*** "),
                     ("list", "[list] "), ("colon", "[EXT]: "),
                     ("word", "EXTERNAL: "), ("two", "[EXT] [list] ")):
    case("p15-gateway-" + name, "not-a-challenge",
         Subject=prefix + "ACME: " + TOKEN)
case("ok-empty-word", "done", Subject="=?utf-8?q??= ACME: " + TOKEN)
case("ok-word-of-blanks", "done", Subject="=?utf-8?q?_?= ACME: " + TOKEN)
case("ok-empty-words-folded", "done",
     Subject="=?utf-8?b??=\n =?utf-8?q??= " + q("ACME: " + TOKEN))
case("p15-encoded-re", "is-a-reply", Subject=q("Re: ACME: " + TOKEN))
case("p16-several-in-an-mbox", "malformed", data=2 * (
    b"From ca@ca.example Sun Nov 22 04:00:00 2026\n" + message() + b"\n"))
case("p17-ordinary", "not-a-challenge", Subject="lunch?")
case("p17-no-subject", "not-a-challenge", drop=("Subject",))
case("p17-weeded", "decoded-input", drop=(
    "Message-ID", "Received", "Auto-Submitted", "MIME-Version"), Date=DATE)

# --- H: header spoofing ---------------------------------------------------
for field in ("From", "To", "Subject", "Auto-Submitted", "Message-ID",
              "Content-Type", "MIME-Version"):
    line = [x for x in message().split(b"\n")
            if x.startswith(field.encode() + b":")][0] + b"\n"
    case("h1-second-" + field.lower(), "ambiguous-header", add=line)
    case("h1-above-" + field.lower(), "ambiguous-header",
         data=line + message())
for field in ("Reply-To", "Date", "Sender", "Cc", "In-Reply-To",
              "References", "Content-Transfer-Encoding"):
    line = {"Date": DATE, "In-Reply-To": "<a@b.example>",
            "References": "<a@b.example>",
            "Content-Transfer-Encoding": "7bit"}.get(field, "x@ca.example")
    case("h1-two-" + field.lower(), "ambiguous-header",
         add=("%s: %s\n" % (field, line)).encode() * 2)
case("h1-other-subject-first", "ambiguous-header",
     data=b"Subject: lunch?\n" + message())
case("h2-two-mailboxes", "ambiguous-header", From=CA + ", eve@evil.example")
case("h2-two-mailboxes-other-order", "ambiguous-header",
     From="eve@evil.example, " + CA)
case("h3-encoded-address", "ambiguous-header", From=q("<%s>" % CA))
case("h3-mailsploit-nul", "unexpected",
     From=b64(CA + "\0") + " <eve@evil.example>")
case("h3-mailsploit-newline", "unexpected",
     From=b64(CA + "\nX: y") + " <eve@evil.example>")
case("h4-route", "ambiguous-header", From="<@evil.example:%s>" % CA)
case("h4-two-angles", "ambiguous-header", From="<%s> <eve@evil.example>" % CA)
case("h4-double-angle", "ambiguous-header", From="<<%s>>" % CA)
case("h4-no-close", "ambiguous-header", From="CA <" + CA)
case("h4-address-then-angle", "ambiguous-header",
     From=CA + " <eve@evil.example>")
case("h5-group", "ambiguous-header", From="ca: %s;" % CA)
case("h5-empty", "ambiguous-header", From="")
case("h5-name-only", "ambiguous-header", From='"%s"' % CA)
case("h5-none", "wrong-from", drop=("From",), Sender=CA)
case("h5-none-resent", "wrong-from", drop=("From",), Resent_From=CA)
case("h6-name", "unexpected", From='"%s" <eve@evil.example>' % CA)
case("h6-comment", "unexpected", From="eve@evil.example (%s)" % CA)
case("h6-blanks", "unexpected",
     From='"%s%s" <eve@evil.example>' % (CA, " " * 300))
for name, sender in (
        ("prefix", "acme-challenge+1@evilca.example"),
        ("suffix", "acme-challenge+1@ca.example.evil.example"),
        ("subdomain", "acme-challenge+1@mail.ca.example"),
        ("cyrillic", "acme-challenge+1@c\u0430.example"),
        ("percent", "acme-challenge+1%ca.example@evil.example"),
        ("bang", "ca.example!acme-challenge+1@evil.example")):
    case("h7-" + name, "wrong-from" if name in ("percent", "bang")
         else "unexpected", From=sender)
case("h7-full-width-at", "ambiguous-header",
     From="acme-challenge+1\uff20ca.example")
case("h7-trailing-dot", "ambiguous-header", From=CA + ".")
case("h8-subaddress", "unexpected", From="acme-challenge+2@ca.example")
case("h8-case", "unexpected", From=CA.replace("acme", "ACME"))
case("h9-other", "wrong-to", To="bob@example.org")
case("h9-two", "wrong-to", To="alice@example.org, bob@example.org")
case("h9-group", "wrong-to", To="g: alice@example.org;")
case("h9-missing", "wrong-to", drop=("To",))
case("h9-only-cc", "wrong-to", drop=("To",), Cc="alice@example.org",
     Delivered_To="alice@example.org")
case("h9-look-alike", "wrong-to", To="alice@ex\u0430mple.org")
case("h9-undisclosed", "wrong-to", To="undisclosed-recipients:;")
case("h10-case", "needs-a-person address-spelling", To="Alice@example.org")
case("h10-quoted", "needs-a-person address-spelling",
     To='"alice"@example.org')
case("h10-resent", "needs-a-person resent", Resent_From="x@y.example")
for name, value in (("no", "no"), ("replied", "auto-replied"),
                    ("notified", "auto-notified"),
                    ("comment", "no (auto-generated)"),
                    ("parameter", "no; x=auto-generated"),
                    ("two", "auto-generated no"),
                    ("prefix", "auto-generatedx"), ("empty", "")):
    case("h11-" + name, "not-auto-generated", Auto_Submitted=value)
for name, value in (("comment", "auto-generated (never closed"),
                    ("behind", "auto-generated; type=acme (a (b)"),
                    ("between", "auto-generated (; type=acme"),
                    ("front", "( auto-generated"),
                    ("quote", 'auto-generated; type="acme'),
                    ("end", "auto-generated; type=acme (\\)")):
    case("h11-unclosed-" + name, "not-auto-generated", Auto_Submitted=value)
case("ok-auto-comments-nested", "done",
     Auto_Submitted="(a) auto-generated (b (c)) ; type=acme (d)")
case("h11-missing", "not-auto-generated", drop=("Auto-Submitted",))
case("h12-nul-in-from", "malformed", From=CA.encode() + b"\0")
case("h12-newline-in-to", "malformed", To=b"alice@example.org\rX: y")
case("h13-threaded", "needs-a-person threaded",
     In_Reply_To="<old@ca.example>")
case("h13-references", "needs-a-person threaded",
     References="<older@ca.example> <old@ca.example>")

# --- R: terminal ----------------------------------------------------------
case("r1-escape", "malformed", From=b"\x1b[2J <" + CA.encode() + b">")
case("r1-osc", "malformed", X_Y=b"\x1b]0;title\x07")
case("r1-del", "malformed", X_Y=b"a\x7fb")
for name, text in (("csi", "\x1b[31mCA"), ("c1", "\u009b31mCA"),
                   ("bidi", "\u202eAC"), ("zero-width", "C\u200bA"),
                   ("tag", "CA\U000e0041"), ("newline", "CA\nDKIM: PASS"),
                   ("2028", "CA\u2028DKIM: PASS"), ("mixed", "\u0421astle CA"),
                   ("filler", "CA\u3164"), ("zalgo", "C" + "\u0301" * 300)):
    case("r2-" + name, "needs-a-person hidden-characters",
         From=b64(text) + " <%s>" % CA)

# --- I: draft and envelope ------------------------------------------------
case("i1-subject-crlf", "malformed",
     Subject=q("ACME: " + TOKEN + "\r\nBcc: eve@evil.example"))
case("i1-subject-nul", "malformed", Subject=q("ACME: " + TOKEN + "\0"))
case("i1-reply-to-name", "done",
     Reply_To=q("x\r\nBcc: eve@evil.example") + " <responses@ca.example>")
case("i2-folded-bcc", "needs-a-person message-id",
     Message_ID="<a@b.example>\n Bcc: eve@evil.example")
case("i2-two", "needs-a-person message-id",
     Message_ID="<a@b.example> <c@d.example>")
case("i2-blank", "needs-a-person message-id", Message_ID="<a b@c.example>")
case("i2-long", "needs-a-person message-id",
     Message_ID="<%s@b.example>" % ("a" * 4000))
case("i2-utf8", "needs-a-person message-id", Message_ID="<\u00e4@b.example>")
for name, value in (("option", "-oQ/tmp@ca.example"),
                    ("option-2", "<-X/tmp/x@ca.example>"),
                    ("pipe", '"|sh"@ca.example'), ("pipe-2", "|sh@ca.example"),
                    ("file", "/etc/passwd@ca.example"),
                    ("shell", "`id`@ca.example"), ("dollar", "$x@ca.example"),
                    ("quoted", '"a b"@ca.example')):
    case("i3-" + name, "unsafe-reply-to", Reply_To=value)
for name, value in (("group", "g: a@ca.example;"), ("empty", ""),
                    ("many", ", ".join("a%d@ca.example" % i
                                       for i in range(60))),
                    ("thousand", ", ".join("a%d@b.cd" % i
                                           for i in range(1000))),
                    ("no-domain", "responses"), ("route", "<@x.y:a@ca.example>"),
                    ("literal", "a@[127.0.0.1]"),
                    ("own", "alice@example.org"),
                    ("own-case", "ALICE@example.org")):
    case("i4-" + name, "unsafe-reply-to", Reply_To=value)
case("i5-two", "needs-a-person reply-to-many",
     Reply_To="a@ca.example, b@ca.example")
case("i5-domain", "needs-a-person reply-to-domain", Reply_To="a@evil.example")
case("i5-homograph", "needs-a-person reply-to-domain",
     Reply_To="a@c\u0430.example")
case("i6-decoys", "done",
     body=b"Subject: ACME: AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
          b"token-part2: BBBB\n-----BEGIN ACME RESPONSE-----\nCCCC\n"
          b"-----END ACME RESPONSE-----\n")

# --- L: lists and loops ---------------------------------------------------
for field in ("List-Id", "List-Post", "List-Help", "X-Loop"):
    case("l1-" + field.lower(), "list-mail",
         add=(field + ": <list.example.org>\n").encode())
case("l1-list-unsubscribe-and-id", "list-mail",
     add=b"List-Unsubscribe: <https://ca.example/u>\n"
     b"List-Id: <list.example.org>\n")
# What mass mailers write on mail to one person (RFC 2369, RFC 8058).
case("ok-list-unsubscribe", "done",
     add=b"List-Unsubscribe: <mailto:u@ca.example>\n")
case("ok-list-unsubscribe-post", "done",
     add=b"List-Unsubscribe: <https://ca.example/u?x=1>\n"
     b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\n")
case("l1-precedence", "list-mail", Precedence="list")
case("l1-from-ourselves", "unsafe-reply-to", From="alice@example.org")
case("l6-own-answer", "is-a-reply", Subject="Re: ACME: " + TOKEN)

# --- D: dates -------------------------------------------------------------
case("d14-old", "expired", Date="Sun, 22 Nov 2020 04:00:00 +0000")
case("d14-future", "expired", Date="Sun, 22 Nov 2099 04:00:00 +0000")
case("d14-none", "needs-a-person no-date", drop=("Date",))
for name, value in (("word", "sometime"), ("empty", ""),
                    ("huge-year", "Sun, 22 Nov 99999999999999999999 04:00:00 "
                     "+0000"), ("no-zone", "Sun, 22 Nov 2026 04:00:00"),
                    ("no-such-day", "Sun, 31 Feb 2026 04:00:00 +0000"),
                    ("open-comment", "Sun, 22 Nov 2026 04:00:00 +0000 (open"),
                    ("two-dates", DATE + ", " + DATE)):
    case("d14-unreadable-" + name, "needs-a-person no-date", Date=value)
for name, value in (("two-digits", "22 Nov 26 04:00:00 +0000"),
                    ("zone", "Sat, 21 Nov 2026 23:00:00 EST"),
                    ("comments", "Sun, 22 Nov (a) 2026 04 : 00 (b) GMT")):
    case("ok-date-" + name, "done", Date=value)
for name, value in (("two-digits", "22 Nov 20 04:00:00 +0000"),
                    ("last-century", "22 Nov 97 04:00:00 +0000"),
                    ("zone", "Fri, 20 Nov 2026 18:00:00 PST"),
                    ("letters", "Fri, 20 Nov 2026 23:59:59 XYZ")):
    case("d14-old-" + name, "expired", Date=value)

for old in os.listdir(HERE):
    if old.endswith((".eml", ".expect")):
        os.unlink(os.path.join(HERE, old))
for name, (data, expect) in cases.items():
    with open(os.path.join(HERE, name + ".eml"), "wb") as f:
        f.write(data)
    with open(os.path.join(HERE, name + ".expect"), "w") as f:
        f.write(expect + "\n")
print(len(cases))
