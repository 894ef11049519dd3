// Puts each rule of rules.mjs behind a switch, in the tree that is named: with MUTANT=3 in the environment the third is left out. Prints
// the numbers and the rules.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { rules } from "./rules.mjs";

const [tree] = process.argv.slice(2);

for (const [at, { rule, file, text, without, isArm, isText }] of rules.entries()) {
  const path = join(tree, file);
  const source = readFileSync(path, "utf8");
  const count = source.split(text).length - 1;
  if (count !== 1) {
    throw new Error(`${file} has ${count} times, not once: ${text}`);
  }
  const isLeftOut = `crate::mutants::is_left_out(${at + 1})`;
  let switched;
  if (isArm) {
    const [pattern, kept] = text.split(" => ");
    switched = `${pattern} => if ${isLeftOut} { ${without.split(" => ")[1]} } else { ${kept} }`;
  } else if (isText) {
    switched = text.replace(/ \{\n/, ` || ${isLeftOut} {\n`);
  } else if (/;\s*}?$/.test(text)) {
    switched = `if ${isLeftOut} { ${without} } else { ${text} }`;
  } else if (text.startsWith("self.is_paged = ")) {
    switched = `self.is_paged = ${isLeftOut} || (${text.replace("self.is_paged = ", "")})`;
  } else {
    switched = `(if ${isLeftOut} { ${without} } else { ${text} })`;
  }
  writeFileSync(
    path,
    source.replace(text, () => switched),
  );
  console.log(`${at + 1}\t${rule}`);
}

const lib = join(tree, "src/lib.rs");
writeFileSync(
  lib,
  `${readFileSync(lib, "utf8")}
pub(crate) mod mutants {
    use std::sync::OnceLock;

    static LEFT_OUT: OnceLock<u32> = OnceLock::new();

    pub(crate) fn is_left_out(rule: u32) -> bool {
        *LEFT_OUT.get_or_init(|| std::env::var("MUTANT").ok().and_then(|it| it.parse().ok()).unwrap_or(0)) == rule
    }
}
`,
);
