"""The running venue: what happens between a wire, the rules, the store and people.

- A gate: `boards` keeps a link for each controller and a lane for each gate. `lanes` walks a code
  from `scanning` (ask the store, answer) to the machine, its device (`device`, `wiring`, `screens`)
  and `settlements`, the lane's books. `fixtures` only show; `machines` makes the machine that an
  equipment is; `needs` is all that a lane is given.
- Scans that ended otherwise: `settling` gives back what nobody settled, `late` and `late_journal`
  keep who was let in while the store was silent.
- People: `operations` puts together what they see and do (`equipment`, `modes`, `alarms`,
  `evacuation`, `acts`, `http_gates`, `spaces`, `admitting`); processes share it by `bus`, `shared`.
- The site: `readers` and `opening` turn its file into places and `flags`, `occupancy` counts out
  who has left unseen, `reload` takes up a changed one, `home_assistant` shows it.
- The process: `tasks`, `workers`, `listening`, `run_file`, `health`, `times`, `answers`; `rebuild`
  fills an empty store, `verify` proves the books, `wires` names the wires there are.
"""
