#![allow(missing_docs, warnings)]
fn main(){ for f in std::env::args().skip(1){ for r in tollgate_cases::CaseFile::read(&f).unwrap_or_else(|e|panic!("{e}")).run_all(){ for x in r.failures { println!("{}: {x}", r.note);} } } }
