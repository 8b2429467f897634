from hashlib import sha256

import pytest

from resp.service import Keys, ServiceError, keys, make_key


def test_a_new_key_is_known_by_its_line_alone(tmp_path):
    key, line = make_key("clinic-a")
    other, more = make_key("clinic_b")
    assert key not in line
    assert line == f"clinic-a:{sha256(key.encode()).hexdigest()}"
    file = tmp_path / "keys"
    file.write_text(f"# who may ask\n\n{line}\n")
    known = Keys.load(file, more)
    assert len(known) == 2
    assert (known.owner(key), known.owner(other)) == ("clinic-a", "clinic_b")


@pytest.mark.parametrize("given", ["", "x", "clinic-a", "é" * 40, "\udc80"])
def test_another_key_is_nobodys(given):
    assert Keys.load(None, make_key("clinic-a")[1]).owner(given) is None


def test_a_checksum_is_no_key():
    line = make_key("a")[1]
    assert Keys.load(None, line).owner(line.partition(":")[2]) is None


@pytest.mark.parametrize("which", [0, 2])
def test_every_stored_checksum_is_compared_whole(monkeypatch, which):
    made = [make_key(name) for name in "abc"]
    compared = []

    def compare(one, two):
        compared.append((len(one), len(two)))
        return one == two

    monkeypatch.setattr(keys, "compare_digest", compare)
    assert Keys.load(None, " ".join(line for _, line in made)).owner(made[which][0]) == "abc"[which]
    assert compared == [(32, 32)] * 3


@pytest.mark.parametrize("line", ["secret", "a:secret", ":" + "0" * 64, "a b:" + "0" * 64, "a:" + "0" * 63])
def test_a_line_that_is_none_is_refused_and_not_repeated(tmp_path, line):
    file = tmp_path / "keys"
    file.write_text(line)
    with pytest.raises(ServiceError, match="entry 1 is no key") as refused:
        Keys.load(file)
    assert "secret" not in str(refused.value)


def test_a_name_that_is_there_twice_is_refused():
    with pytest.raises(ServiceError, match="'a' is there twice"):
        Keys.load(None, f"{make_key('a')[1]} {make_key('a')[1]}")


def test_a_file_without_keys_is_refused(tmp_path):
    (tmp_path / "keys").write_text("# nobody\n")
    with pytest.raises(ServiceError, match="holds no key"):
        Keys.load(tmp_path / "keys")
    with pytest.raises(ServiceError, match="cannot be read"):
        Keys.load(tmp_path / "gone")


@pytest.mark.parametrize("name", ["", "..", "a/b", "a b", "a" * 65, "-a"])
def test_a_name_that_is_no_folder_name_is_refused(name):
    with pytest.raises(ServiceError, match="no name for a key"):
        make_key(name)
