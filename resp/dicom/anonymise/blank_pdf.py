"""The document that stands in the place of another: one page that says so, made byte by byte (ISO 32000-1)."""

_PAGE = b"BT /F 14 Tf 72 720 Td (This document was removed when its object was anonymised.) Tj ET"
_OBJECTS = (
    b"<< /Type /Catalog /Pages 2 0 R >>",
    b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
    b"/Resources << /Font << /F << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
    b"<< /Length %d >>\nstream\n%s\nendstream" % (len(_PAGE), _PAGE),
)


def _made() -> bytes:
    written, starts = b"%PDF-1.4\n", []
    for number, content in enumerate(_OBJECTS, 1):
        starts.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    places = b"".join(b"%010d 00000 n \n" % start for start in starts)
    size = len(_OBJECTS) + 1
    table = b"xref\n0 %d\n0000000000 65535 f \n%s" % (size, places)
    ending = b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(written))
    whole = written + table + ending
    return whole + b"\n" * (len(whole) % 2)


BLANK_PDF = _made()
