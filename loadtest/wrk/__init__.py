"""wrk as the closed-loop generator: a C program costs the machine least (github.com/wg/wrk)."""
