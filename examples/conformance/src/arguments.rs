//! What the program is told on its command line.

pub(crate) const USAGE: &str = "usage: conformance [--urls http://ADDRESS:PORT] [--redis URL] [--prefix TEXT]";

/// The options of the program, in any order.
#[derive(Debug, PartialEq)]
pub(crate) struct Arguments {
    /// Where to listen: an address with a port.
    pub(crate) address: String,
    /// The URL of the Redis that connects the program with the others of its fleet.
    pub(crate) redis: Option<String>,
    /// What stands in front of the names of all channels.
    pub(crate) prefix: String,
}

impl Arguments {
    /// Reads the command line, which begins after the name of the program.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Arguments { address: "127.0.0.1:7300".to_owned(), redis: None, prefix: String::new() };
        while let Some(option) = words.next() {
            let place = match option.as_str() {
                "--urls" => &mut arguments.address,
                "--redis" => arguments.redis.get_or_insert_default(),
                "--prefix" => &mut arguments.prefix,
                _ => return Err(format!("unknown option {option}; {USAGE}")),
            };
            let value = words.next().ok_or_else(|| format!("{option} needs a value; {USAGE}"))?;
            *place = match option.as_str() {
                "--urls" => {
                    let address = value.strip_prefix("http://").ok_or("--urls takes http://ADDRESS:PORT")?;
                    address.trim_end_matches('/').to_owned()
                }
                "--redis" if !value.contains("://") => format!("redis://{value}"),
                _ => value,
            };
        }
        if arguments.redis.is_none() && !arguments.prefix.is_empty() {
            return Err(format!("--prefix goes with --redis; {USAGE}"));
        }
        Ok(arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Arguments, String> {
        Arguments::read(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn without_options_it_is_alone() {
        let alone = Arguments { address: "127.0.0.1:7300".to_owned(), redis: None, prefix: String::new() };
        assert_eq!(read(""), Ok(alone));
    }

    #[test]
    fn options_come_in_any_order() {
        let expected = Arguments {
            address: "0.0.0.0:0".to_owned(),
            redis: Some("redis://localhost".to_owned()),
            prefix: "app:".to_owned(),
        };
        assert_eq!(read("--prefix app: --urls http://0.0.0.0:0/ --redis redis://localhost").as_ref(), Ok(&expected));
        assert_eq!(read("--redis localhost --prefix app: --urls http://0.0.0.0:0").as_ref(), Ok(&expected));
    }

    #[test]
    fn mistakes_are_named() {
        assert_eq!(read("--port 1").unwrap_err(), format!("unknown option --port; {USAGE}"));
        assert_eq!(read("--redis").unwrap_err(), format!("--redis needs a value; {USAGE}"));
        assert_eq!(read("--urls localhost").unwrap_err(), "--urls takes http://ADDRESS:PORT");
        assert_eq!(read("--prefix app:").unwrap_err(), format!("--prefix goes with --redis; {USAGE}"));
    }
}
