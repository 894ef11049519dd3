//! What the playground gives out as code in Rust compiles as it stands, and passes. Its own tests hold these files to what it writes.

use instances as _;
macro_rules! pasted {
    ($($name:ident),* $(,)?) => {
        $(
            mod $name {
                include!(concat!("pasted/", stringify!($name), ".rs"));

                #[test]
                fn passes() -> Result<(), Box<dyn std::error::Error>> {
                    main()
                }
            }
        )*

        /// No file is forgotten.
        #[test]
        fn all_of_them_run() -> std::io::Result<()> {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/pasted");
            let files = std::fs::read_dir(folder)?.map(|file| file.map(|file| file.file_name()));
            let mut files = files.collect::<std::io::Result<Vec<_>>>()?;
            files.sort();
            assert_eq!(files, [$(concat!(stringify!($name), ".rs")),*]);
            Ok(())
        }
    };
}

pasted!(
    bad_day,
    build_your_own,
    eight_tabs,
    fills_up,
    minus_everything,
    odd_names,
    seed_14,
    seed_159,
    seed_3,
    who_serves,
);
