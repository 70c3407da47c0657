//! Turns the table of a business into plain enums and one `match` per question.

/// Writes the enums `Command`, `Fact`, `Refusal`, `Stream`, `State` and the [`crate::Business`]
/// that joins them.
///
/// ```text
/// business! {
///     Shop                                        // the type that implements `Business`
///     deciders  { "order" => Order, "stock" => Stock }  // each brings its Id, Command, Fact, Refusal
///     processes {
///         "fulfil" => Fulfil hears {              // pattern of a fact => key of the instance
///             Fact::Order(order, _) => order,
///         }
///     }
/// }
/// ```
///
/// The text of a process's key must stand in the line of every fact that it hears (it is part of
/// the stream's id or of the body): by it a story is found in the journal again.
#[macro_export]
macro_rules! business {
    (
        $(#[$doc:meta])* $business:ident
        deciders { $($dkind:literal => $decider:ident),+ $(,)? }
        processes { $($pkind:literal => $process:ident hears { $($heard:pat => $key:expr),+ $(,)? })* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $business;

        /// What may have happened: who, and what.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Fact {
            $(#[doc = concat!("Of `", $dkind, "`.")] $decider(<$decider as $crate::Decider>::Id, <$decider as $crate::Decider>::Fact),)+
            $(#[doc = concat!("What `", $pkind, "` was told.")] $process(<$process as $crate::Process>::Key, Told),)*
        }

        /// What may be asked: of whom, and what.
        #[derive(Clone, Debug, PartialEq, $crate::serde::Serialize, $crate::serde::Deserialize)]
        #[serde(crate = "kernel::serde")]
        pub enum Command {
            $(#[doc = concat!("Of `", $dkind, "`.")] #[serde(rename = $dkind)] $decider(<$decider as $crate::Decider>::Id, <$decider as $crate::Decider>::Command)),+
        }

        /// Why not: the reason of the decider that was asked.
        #[derive(Clone, Debug, PartialEq, $crate::serde::Serialize, $crate::serde::Deserialize)]
        #[serde(crate = "kernel::serde")]
        pub enum Refusal {
            $(#[doc = concat!("Of `", $dkind, "`.")] #[serde(rename = $dkind)] $decider(<$decider as $crate::Decider>::Refusal)),+
        }

        /// A decider or a process.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Stream {
            $(#[doc = concat!("`", $dkind, "/…`")] $decider(<$decider as $crate::Decider>::Id),)+
            $(#[doc = concat!("`", $pkind, "/…`")] $process(<$process as $crate::Process>::Key),)*
        }

        /// What a decider or a process remembers.
        #[derive(Clone, Debug, PartialEq, $crate::serde::Serialize, $crate::serde::Deserialize)]
        #[serde(crate = "kernel::serde")]
        pub enum State {
            $(#[doc = concat!("Of `", $dkind, "`.")] #[serde(rename = $dkind)] $decider($decider),)+
            $(#[doc = concat!("Of `", $pkind, "`.")] #[serde(rename = $pkind)] $process($process),)*
        }

        /// What reaches a process of this business.
        pub type Heard<'a> = $crate::Heard<'a, $business>;
        /// What a process of this business wants next.
        pub type Step = $crate::Step<$business>;
        /// What a process of this business is told besides facts.
        pub type Told = $crate::Told<Command, Refusal>;

        impl ::std::fmt::Display for Refusal {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self { $(Refusal::$decider(refusal) => ::std::fmt::Display::fmt(refusal, f),)+ }
            }
        }

        impl ::std::fmt::Display for Stream {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $(Stream::$decider(id) => { f.write_str(concat!($dkind, "/"))?; ::std::fmt::Display::fmt(id, f) })+
                    $(Stream::$process(key) => { f.write_str(concat!($pkind, "/"))?; ::std::fmt::Display::fmt(key, f) })*
                }
            }
        }

        impl ::std::str::FromStr for Stream {
            type Err = $crate::UnknownId;

            fn from_str(name: &str) -> ::std::result::Result<Stream, $crate::UnknownId> {
                let unknown = || $crate::UnknownId { kind: "stream", text: name.chars().take(120).collect() };
                let (kind, id) = name.split_once('/').ok_or_else(unknown)?;
                match kind {
                    $($dkind => id.parse().map(Stream::$decider).map_err(|_| unknown()),)+
                    $($pkind => id.parse().map(Stream::$process).map_err(|_| unknown()),)*
                    _ => Err(unknown()),
                }
            }
        }

        impl $crate::Identity for Stream {
            fn kind(&self) -> &'static str {
                match self {
                    $(Stream::$decider(_) => $dkind,)+
                    $(Stream::$process(_) => $pkind,)*
                }
            }
        }

        #[allow(unreachable_patterns, reason = "a table may name every fact, or have one row")]
        impl $crate::Business for $business {
            type Command = Command;
            type Fact = Fact;
            type Refusal = Refusal;
            type Stream = Stream;
            type State = State;

            const PROCESSES: &'static [&'static str] = &[$($pkind),*];

            fn stream_of_command(command: &Command) -> Stream {
                match command { $(Command::$decider(id, _) => Stream::$decider(id.clone())),+ }
            }

            fn stream_of_fact(fact: &Fact) -> Stream {
                match fact {
                    $(Fact::$decider(id, _) => Stream::$decider(id.clone()),)+
                    $(Fact::$process(key, _) => Stream::$process(key.clone()),)*
                }
            }

            fn is_process(stream: &Stream) -> bool {
                match stream {
                    $(Stream::$decider(_) => false,)+
                    $(Stream::$process(_) => true,)*
                }
            }

            fn blank(stream: &Stream) -> State {
                match stream {
                    $(Stream::$decider(_) => State::$decider(Default::default()),)+
                    $(Stream::$process(_) => State::$process(Default::default()),)*
                }
            }

            fn decide(
                state: &State,
                command: &Command,
                now: $crate::Timestamp,
            ) -> ::std::result::Result<Vec<Fact>, Refusal> {
                match (state, command) {
                    $((State::$decider(state), Command::$decider(id, command)) => {
                        let facts = $crate::Decider::decide(state, command, now).map_err(Refusal::$decider)?;
                        Ok(facts.into_iter().map(|fact| Fact::$decider(id.clone(), fact)).collect())
                    })+
                    _ => unreachable!("a command goes to the stream which its own id names"),
                }
            }

            fn evolve(state: &mut State, fact: &Fact) {
                match (state, fact) {
                    $((State::$decider(state), Fact::$decider(_, fact)) => $crate::Decider::evolve(state, fact),)+
                    _ => unreachable!("a fact lies in the stream which its own id names"),
                }
            }

            fn spent(state: &State, fact: &Fact) -> Option<$crate::VaultId> {
                match (state, fact) {
                    $((State::$decider(state), Fact::$decider(_, fact)) => $crate::Decider::spent(state, fact),)+
                    _ => None,
                }
            }

            #[allow(unreachable_patterns, reason = "a table may have no processes")]
            fn is_done(state: &State) -> bool {
                match state {
                    $(State::$decider(state) => $crate::Decider::is_done(state),)+
                    _ => false,
                }
            }

            fn hearers(fact: &Fact) -> impl Iterator<Item = Stream> {
                [$(match fact {
                    $($heard => Some(Stream::$process($key.clone())),)+
                    Fact::$process(key, _) => Some(Stream::$process(key.clone())),
                    _ => None,
                }),*].into_iter().flatten()
            }

            fn tell(process: &Stream, told: Told) -> Fact {
                match process {
                    $(Stream::$process(key) => Fact::$process(key.clone(), told),)*
                    _ => unreachable!("only a process asks and wakes"),
                }
            }

            fn told(fact: &Fact) -> Option<&Told> {
                match fact {
                    $(Fact::$process(_, told) => Some(told),)*
                    _ => None,
                }
            }

            fn react(
                state: &mut State,
                process: &Stream,
                fact: &Fact,
                now: $crate::Timestamp,
            ) -> Vec<Step> {
                let heard = match Self::told(fact) {
                    None => Heard::Fact(fact),
                    Some(told) => match told.heard() {
                        Some(heard) => heard,
                        None => return Vec::new(),
                    },
                };
                match (state, process) {
                    $((State::$process(story), Stream::$process(key)) => {
                        $crate::Process::react(story, key, heard, now)
                    })*
                    _ => unreachable!("a story is kept under its own process"),
                }
            }

            fn write_fact(fact: &Fact, out: &mut Vec<u8>) -> $crate::serde_json::Result<()> {
                match fact {
                    $(Fact::$decider(_, fact) => $crate::serde_json::to_writer(out, fact),)+
                    $(Fact::$process(_, told) => $crate::serde_json::to_writer(out, told),)*
                }
            }

            fn read_fact(stream: &Stream, json: &str) -> $crate::serde_json::Result<Fact> {
                Ok(match stream {
                    $(Stream::$decider(id) => Fact::$decider(id.clone(), $crate::serde_json::from_str(json)?),)+
                    $(Stream::$process(key) => Fact::$process(key.clone(), $crate::serde_json::from_str(json)?),)*
                })
            }
        }
    };
}
