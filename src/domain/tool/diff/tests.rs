//! What is found in outputs, and what is refused.

use proptest::prelude::*;

use super::*;

const GIT: &str = "diff --git a/x.txt b/x.txt\nindex 1..2 100644\n--- a/x.txt\n+++ b/x.txt\n@@ -1,2 +1,2 @@ fn x\n-old\n+new\n same\n";

fn check(output: &str, bytes: &str, files: &[(Option<&str>, Option<&str>)]) {
    let diff = extract(output.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{output}"));
    assert_eq!(String::from_utf8_lossy(&diff.bytes), bytes, "{output}");
    let paths = |file: &DiffFile| (file.old.as_ref().map(ToString::to_string), file.new.as_ref().map(ToString::to_string));
    let expect: Vec<_> = files.iter().map(|(old, new)| (old.map(str::to_owned), new.map(str::to_owned))).collect();
    assert_eq!(diff.files.iter().map(paths).collect::<Vec<_>>(), expect, "{output}");
}

#[test]
fn prose_and_fences_are_left_out() {
    let x = (Some("x.txt"), Some("x.txt"));
    check(GIT, GIT, &[x]);
    check(&format!("Sure!\n\n```diff\n{GIT}```\n- I changed the line.\n+ It is better.\n"), GIT, &[x]);
    check(&format!("{GIT}\n-- \n2.47.3\n"), GIT, &[x]);
    check(GIT.trim_end(), GIT, &[x]);
    check(
        &format!("{GIT}and then\n{}", GIT.replace("x.txt", "y.txt")),
        &format!("{GIT}{}", GIT.replace("x.txt", "y.txt")),
        &[x, (Some("y.txt"), Some("y.txt"))],
    );
}

#[test]
fn carriage_returns_of_the_transport_go_and_those_of_the_file_stay() {
    let x = (Some("x.txt"), Some("x.txt"));
    check(&GIT.replace('\n', "\r\n"), GIT, &[x]);
    let content = GIT.replace("-old\n", "-old\r\n").replace("+new\n", "+new\r\n").replace(" same\n", " same\r\n");
    check(&content, &content, &[x]);
    let both = content.replace('\n', "\r\n");
    check(&both, &content, &[x]);
}

#[test]
fn modes_that_git_does_not_store_are_refused() {
    let new = |mode: &str| format!("diff --git a/x b/x\nnew file mode {mode}\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+b\n");
    for mode in ["100644", "100755", "100664", "104755", "120000", "160000"] {
        assert!(extract(new(mode).as_bytes()).is_ok(), "{mode}");
    }
    for mode in ["040000", "000000", "010644", "-10064", "10064", "1006440", "10064x", ""] {
        let error = extract(new(mode).as_bytes()).unwrap_err().to_string();
        assert!(error.contains("none that git stores"), "{mode}: {error}");
    }
}

#[test]
fn blanks_before_the_tab_belong_to_the_name() {
    let diff = "diff --git a/x  b/x \n--- /dev/null\n+++ b/x \t\n@@ -0,0 +1 @@\n+b\n";
    check(&diff.replace("--- ", "new file mode 100644\n--- "), &diff.replace("--- ", "new file mode 100644\n--- "), &[(None, Some("x "))]);
}

#[test]
fn plain_diffs_get_prefixes() {
    let hunk = "@@ -1 +1 @@\n-a\n+b\n";
    let x = (Some("x"), Some("x"));
    check(&format!("--- a/x\n+++ b/x\n{hunk}"), &format!("--- a/x\n+++ b/x\n{hunk}"), &[x]);
    check(&format!("--- x\t2020-01-01\n+++ x\n{hunk}"), &format!("--- a/x\n+++ b/x\n{hunk}"), &[x]);
    check(&format!("--- a/x\n+++ a/x\n{hunk}"), &format!("--- a/a/x\n+++ b/a/x\n{hunk}"), &[(Some("a/x"), Some("a/x"))]);
    check(&format!("--- s p\t\n+++ s p\t\n{hunk}"), &format!("--- a/s p\t\n+++ b/s p\t\n{hunk}"), &[(Some("s p"), Some("s p"))]);
    check("--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+b\n", "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+b\n", &[(None, Some("x"))]);
    check("--- x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", "--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n", &[(Some("x"), None)]);
}

#[test]
fn git_headers_without_hunks_are_taken() {
    let same = |text: &str, files: &[(Option<&str>, Option<&str>)]| check(text, text, files);
    same("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n", &[(Some("x"), Some("x"))]);
    // Without the empty line git would take the names that follow for those of the first file.
    let two = [(None, Some("e")), (Some("x"), Some("x"))];
    same("diff --git a/e b/e\nnew file mode 100644\n\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", &two);
    same("diff --git a/e b c b/e b c\nnew file mode 100644\nindex 0..e\n", &[(None, Some("e b c"))]);
    same("diff --git a/x b/x\ndeleted file mode 100644\nindex e..0\n", &[(Some("x"), None)]);
    same("diff --git a/x b/y z\nsimilarity index 100%\nrename from x\nrename to y z\n", &[(Some("x"), Some("y z"))]);
    // The blank belongs to the name.
    same("diff --git a/x b/y\nsimilarity index 100%\nrename from x\nrename to y \n", &[(Some("x"), Some("y "))]);
    same("diff --git \"a/\\303\\251\\n\" \"b/\\303\\251\\n\"\nnew file mode 100644\n", &[(None, Some("é\n"))]);
    same("diff --git a/b b/b b/b b/b\nnew file mode 100644\n", &[(None, Some("b b/b"))]);
    let binary = "diff --git a/x b/x\nindex 1..2\nGIT binary patch\nliteral 1\nIc${Nk\n\nliteral 0\nHcmV?d00001\n\n";
    check(&format!("{binary}Done.\n"), binary, &[(Some("x"), Some("x"))]);
}

#[test]
fn missing_and_mnemonic_prefixes_are_seen() {
    let hunk = "@@ -1 +1 @@\n-a\n+b\n";
    let x = (Some("d/x"), Some("d/x"));
    let mnemonic = format!("diff --git i/d/x w/d/x\n--- i/d/x\n+++ w/d/x\n{hunk}");
    check(&mnemonic, &mnemonic, &[x]);
    let git = format!("diff --git a/d/x b/d/x\n--- a/d/x\n+++ b/d/x\n{hunk}");
    check(&format!("diff --git d/x d/x\n--- d/x\n+++ d/x\n{hunk}"), &git, &[x]);
    check(
        "diff --git d/x d/x\nnew file mode 100644\n--- /dev/null\n+++ d/x\n@@ -0,0 +1 @@\n+b\n",
        "diff --git a/d/x b/d/x\nnew file mode 100644\n--- /dev/null\n+++ b/d/x\n@@ -0,0 +1 @@\n+b\n",
        &[(None, Some("d/x"))],
    );
    check(
        "diff --git x x\nold mode 100644\nnew mode 100755\n",
        "diff --git a/x b/x\nold mode 100644\nnew mode 100755\n",
        &[(Some("x"), Some("x"))],
    );
}

#[test]
fn odd_content_is_kept_as_it_is() {
    let x = (Some("x"), Some("x"));
    let text = "--- a/x\n+++ b/x\n@@ -1,3 +1,4 @@\n--- not a header\n+++ nor this\n+```\n \n same\n\\ No newline at end of file\n";
    check(text, text, &[x]);
    let cut = "--- a/x\n+++ b/x\n@@ -1,3 +1,2 @@\n a\n\n-b\n";
    check(cut, cut, &[x]);
}

#[test]
fn mistakes_are_named_with_their_line() {
    let check = |output: &str, expect: &str| assert_eq!(extract(output.as_bytes()).unwrap_err().to_string(), expect, "{output}");
    for none in ["", "I would rather not.\n", "---\n+++\n", "--- a\n+++ b\nno hunk\n", "```diff\n```\n"] {
        check(none, "the output holds no unified diff");
    }
    let at = |line: usize, reason: &str| format!("malformed diff in line {line} of the output: {reason}");
    let early = at(6, "the hunk of line 3 ends early: its header promises 1 more old and 1 more new lines");
    check("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+b\n```\n", &early);
    check("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+b\n", &early);
    check("--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+b", &early);
    check("--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-a\n+b\n+c\n", &at(6, "the hunk of line 3 has more lines than its header promises"));
    check("--- a/x\n+++ b/x\n@@ -x +1 @@\n", &at(3, "the hunk header cannot be read"));
    check("diff --git a/x b/x\n--- a/x\n+++ b/x\nno\n", &at(4, "a hunk was expected after the file names"));
    check("hm\ndiff --git a/x b/x\nindex 1..2\n", &at(2, "the section changes nothing"));
    check(
        "diff --git a/x b/x\nBinary files a/x and b/x differ\n",
        &at(2, "the content of a binary file is missing; `git diff --binary` prints it"),
    );
    check("diff --git a/x b/y\nnew file mode 100644\n", &at(1, "the file name in the header cannot be told"));
    check("--- x\r\t\n+++ x\r\t\n@@ -1 +1 @@\n-a\n+b\n", &at(1, "a file name with a carriage return is not quoted"));
    check("diff --git a/x b/x\nrename from x\n", &at(1, "a rename or a copy names only one of its files"));
    check("--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n", &at(1, "both names are `/dev/null`"));
    check("diff --cc x\n", &at(1, "a combined diff of a merge cannot be applied"));
}

proptest! {
    #[test]
    fn any_output_is_read_without_a_panic(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "diff --git ", "a/x", " b/x", "\"", "\\", "\n", "--- ", "+++ ", "@@ -1,2 +1 @@", "@@ -1 +1 @@\n", "-", "+", " ", "\r\n", "\t",
            "GIT binary patch\n", "literal 3\n", "rename from ", "rename to ", "new file mode 100644\n", "/dev/null", "é", "\\303", "index ",
        ]), 0..40)
    ) {
        let _ = extract(pieces.concat().as_bytes());
    }

    #[test]
    fn a_diff_is_found_in_any_prose(before in "[a-z \n`]{0,60}", after in "[a-z+ \n`-]{0,60}") {
        let diff = extract(format!("{before}\n{GIT}\n{after}").as_bytes()).unwrap();
        prop_assert_eq!(diff.bytes, GIT.as_bytes());
    }
}
