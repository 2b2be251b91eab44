# differential_data.tcl: random values, for the servers and for queries (differential.tcl).
#
#   random N, pick LIST, chance PERCENT, choose {WEIGHT ITEM …}   by a generator of our own: a seed
#                          gives the same on every machine (seed_random N sets it)
#   remote_literal DRIVER KIND   a value for a column of that kind, as the server's SQL
#   odd_value              {type value} of any type, meant to be unfit
#   like_value PAIR        another value that resembles the given one
#
# The least integer and the real number -2^63 do not meet: SQLite finds the key -9223372036854775808 by it in a
# comparison, but not in a search by rowid.
#
# Values for SQLite are pairs {type value}: n NULL, i integer, r real, t text, b blob (bytes). Tcl 8.6
# keeps a character beyond U+FFFF as two, which string commands write out as invalid UTF-8: such a
# text is only ever handed on as it came (is_wide).

namespace eval differential {
  variable state 1
  variable negative_zero 1 ;# real columns may have it
  variable mask 0xFFFFFFFFFFFFFFFF
}

proc differential::seed_random {seed} {
  variable state
  variable mask
  set state [expr {(($seed + 1) * 0x9E3779B97F4A7C15) & $mask}]
  random 2
  random 2
}

proc differential::random {limit} {
  variable state
  variable mask
  set state [expr {($state * 6364136223846793005 + 1442695040888963407) & $mask}]
  return [expr {($state >> 33) % $limit}]
}

proc differential::pick {list} { lindex $list [random [llength $list]] }
proc differential::chance {percent} { expr {[random 100] < $percent} }

proc differential::choose {weighted} {
  set sum 0
  foreach {weight item} $weighted { incr sum $weight }
  set at [random $sum]
  foreach {weight item} $weighted {
    if {[incr at -$weight] < 0} { return $item }
  }
}

proc differential::shuffled {list} {
  set result {}
  while {$list ne ""} {
    set at [random [llength $list]]
    lappend result [lindex $list $at]
    set list [lreplace $list $at $at]
  }
  return $result
}

proc differential::some {list least} {
  set wanted [expr {$least + [random [expr {[llength $list] - $least + 1}]]}]
  return [lrange [shuffled $list] 0 $wanted-1]
}

# `string tolower` of Tcl 8.6 crashes over some invalid UTF-8; SQLite knows only ASCII letters here anyway.
namespace eval differential {
  variable to_lower {}
  foreach upper [split ABCDEFGHIJKLMNOPQRSTUVWXYZ\u00c9 {}] lower [split abcdefghijklmnopqrstuvwxyz\u00e9 {}] {
    lappend to_lower $upper $lower
    lappend to_upper $lower $upper
  }
}
proc differential::lower {text} { string map $differential::to_lower $text }
proc differential::upper {text} { string map $differential::to_upper $text }

proc differential::is_wide {text} { regexp {[\uD800-\uDFFF]} $text }

# ---------------------------------------------------------------- texts

namespace eval differential {
  # Written as UTF-8 bytes where the characters matter: e with accents, sharp s, dotless and dotted i,
  # Kelvin sign, emoji, a combining accent, a no-break space, ligature.
  variable texts [list {*}[list "" " " "  " a A b B "a " "A " " a" "a  " ab Ab aB AB abc ABC abcd aabb z Z zz] \
    {*}[list 5 05 "5 " " 5" 5.0 5. +5 -5 1e3 1000 10 9 0 0.0 -0 -0.0 1 01 0x10 .5 1_000 NaN nan Infinity -inf] \
    {*}[list 9007199254740993 9223372036854775807 9223372036854775808 1e400 0.1 12.50] \
    {*}[list % _ %% a% a%b a_b _a "\\" "a\\b" "a\\%" * ? a*b a?b \[a\] {[^a]} ] b-c ^ it's \" ` {$1} ?1 :x] \
    {*}[list "a\tb" "a\nb" \x01 true t false f yes null NULL x'41' \{\} {[1]} {{"a":1}}] \
    {*}[list 2024-01-01 2024-1-1 2024-02-30 2024-01-01T10:00:00 {2024-01-01 10:00:00} 2024 10:00 23:59:59.999999] \
    {*}[list \u00e9 \u00c9 e E \u00e9t\u00e9 e\u0301 \u00df ss SS \u0131 \u0130 i I \u212a k K \u017f s S \
      \u00e6 ae \u00c6 \u00f1 n \u00a0 \u00ad \u200b \u2003 \ufb01 fi \uff21 \u00e9a eb \u00e4 \u00c4 z\u00e4] \
    {*}[list [string repeat x 255] [string repeat ab 600] [string repeat \u00e9 300]]]
  variable wide_texts {f09f9880 61f09f9880 f09f9881 f0908080 efbfbd ee8080} ;# emoji and neighbours, hex
}

proc differential::random_text {{most 5000}} {
  variable texts
  if {[chance 12]} {
    set text ""
    for {set i [expr {1 + [random 4]}]} {$i > 0} {incr i -1} { append text [pick {a b A B " " c 1 5 % _ e \u00e9}] }
  } elseif {[chance 30]} {
    set text [pick {"" a A b "a " ab AB 5 05 x}]
  } else {
    set text [pick $texts]
  }
  return [string range $text 0 $most-1]
}

# Hex of the UTF-8 of a random text.
proc differential::text_hex {{most 5000} {nul 0}} {
  variable wide_texts
  if {$nul && [chance 3]} { return [pick {6100 610062 00}] }
  if {[chance 5]} { return [pick $wide_texts] }
  return [binary encode hex [encoding convertto utf-8 [random_text $most]]]
}

proc differential::text_literal {driver hex} {
  set plain [regexp {^(2[0-689a-e]|[3-5][0-9a-b]|[67][0-9a-f]|5[d-f])*$} $hex] ;# no ' and no backslash
  if {$plain && ![regexp {(7f|5c)} $hex]} { return '[binary decode hex $hex]' }
  switch $driver {
    postgresql { return convert_from('\\x$hex','UTF8') }
    mysql { return "CONVERT(x'$hex' USING utf8mb4)" }
    default { return "CAST(x'$hex' AS TEXT)" }
  }
}

proc differential::bytes_hex {{most 100}} {
  set hex [pick {"" 00 0000 61 41 6162 61006200 00ff ff fe 20 6120 35 3035 e9 c3a9 7f80 ffffffffffffffffff}]
  return [string range $hex 0 [expr {2 * $most - 1}]]
}

# ---------------------------------------------------------------- numbers

proc differential::int_text {bits {unsigned 0}} {
  set max [expr {(1 << ($bits - 1)) - 1}]
  set min [expr {-$max - 1}]
  if {$unsigned} { set max [expr {2 * $max + 1}]; set min 0 }
  if {[chance 60]} { return [random 8] }
  set values [list $max [expr {$max - 1}] $min [expr {$min + 1}] -1 -2 10 42 99 100 255 2024 65535 2147483647 \
    2147483648 9007199254740991 9007199254740992 9007199254740993 -9007199254740993 20240101 \
    9223372036854775806 9223372036854775807]
  set value [pick $values]
  if {$value > $max || $value < $min} { set value [expr {$unsigned ? [random 100] : [random 100] - 50}] }
  return $value
}

proc differential::real_text {bits} {
  if {[chance 30]} { return [random 5] }
  set values {0.0 -0.0 1.5 -1.5 0.1 0.3 0.30000000000000004 1e10 5.5 5.0 1e-10 123456.789 2147483648.0 -1}
  if {$bits == 64} {
    lappend values 9007199254740992 9007199254740993 9007199254740994 9.223372036854775807e18 \
      1e19 1.7976931348623157e308 -1.7976931348623157e308 5e-324 2.2250738585072014e-308 4.35 2.675 1e15 1e16 1e17
  } else {
    lappend values 16777216 16777217 3.4028235e38 1e-45 1.17549435e-38 0.33333334
  }
  if {!$differential::negative_zero} { set values [lmap value $values {if {$value eq "-0.0"} continue; set value}] }
  return [pick $values]
}

proc differential::decimal_text {precision scale} {
  set whole [expr {$precision - $scale}]
  switch [random 5] {
    0 { set text [random 4] }
    1 { set text [string range [pick {12 5 99 1000 123456789012}] 0 [expr {min($whole, 12) - 1}]] }
    2 { set text [string repeat 9 $whole] }
    3 { set text 9007199254740993; if {$whole < 16} { set text 7 } }
    4 { set text 0 }
  }
  if {$text eq ""} { set text 0 }
  if {$scale > 0} { append text .[string range [pick {5 50 0 00 01 1 99999999999999999999 10 12345678901234567890}] 0 $scale-1] }
  if {[chance 25]} { set text -$text }
  return $text
}

# ---------------------------------------------------------------- by kind of column

namespace eval differential {
  variable dates {2024-01-01 2024-02-29 1999-12-31 2024-12-31 1970-01-01 2024-01-02 2000-02-29 0001-01-01 9999-12-31}
  variable times {00:00:00 23:59:59.999999 12:34:56 12:34:56.5 00:00:00.000001 10:00:00 09:59:59.999999}
  variable specials
  # PostgreSQL: kind -> texts that are cast to the column's type
  array set specials {
    date {0044-03-15\ BC infinity -infinity 10000-01-01 5874897-12-31 4713-01-01\ BC}
    timestamp {0044-03-15\ 10:00:00\ BC infinity -infinity 10000-01-01\ 00:00:00 294276-12-31\ 23:59:59.999999}
    time {24:00:00}
    interval {{1 day} {1 mon} 24:00:00 {-1 day +02:03:04} {1 year 2 mons} 00:00:00.000001 {30 days} {-1 year} 0 {1 mon -1 day}}
    inet {10.0.0.1 10.0.0.0/8 ::1 192.168.1.1/24 10.0.0.2 9.0.0.1 fe80::1/64}
    uuid {00000000-0000-0000-0000-000000000000 a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11
      ffffffff-ffff-ffff-ffff-ffffffffffff 10000000-0000-0000-0000-000000000005}
    json {{{"a": 1}} {[1,2]} null {"x"} 1 1.50 {{"b":[],"a":{}}} true {"é"} {{"a":1,"a":2}} {  [ 1 ] }}
    intarray {\{\} \{1,2,3\} \{NULL,1\} {{{1,2},{3,4}}} \{5\} \{-1\} {[2:3]={7,8}}}
    textarray {\{\} {{a,"b c",NULL,""}} {{a}} {{"NULL"}} {{"a\"b","c\\d"}} {{A}}}
    intrange {empty {[1,5)} {(,5)} {[1,)} {(,)} {[2,3]}}
    numrange {empty {[1.5,5)} {(,5]} {[1.50,2)}}
    daterange {empty {[2024-01-01,2024-02-01)} {[2024-01-01,)}}
    mood {sad ok happy Happy}
    bit3 {000 101 111} varbit {{} 0 01 1 111111111}
    money {0 1.50 -1.50 1234567.89} oid {0 1 4294967295} macaddr {08:00:2b:01:02:03 ff:ff:ff:ff:ff:ff}
    name {a A ab {a } pg_class {} é} pair {(1,a) (,) {(,"")} {(5,"A b")} (1,a)} byte {a A 5 {}} cidr {10.0.0.0/8 ::1/128 192.168.1.0/24}
    point {(1,2) (0,0) (1.5,-2)} multirange {{{}} {{[1,3),[5,7)}} {{(,)}}} tsvector {{'a' 'b':2} {} {'x':1A}} xml {<a/> {<b>x</b>} {}}
    moodarray {\{\} {{sad,ok}} {{NULL}}}
    mysql_inet6 {::1 fe80::1 ::ffff:10.0.0.1}
  }
}

proc differential::date_text {driver {clock 0}} {
  variable dates
  variable times
  variable specials
  if {$driver eq "postgresql" && [chance 15]} { return [pick $specials([expr {$clock ? "timestamp" : "date"}])] }
  if {$driver eq "mysql" && [chance 15]} {
    return [pick {0000-00-00 2024-00-00 2024-01-00 2024-02-30 1000-01-01 0000-00-00}][expr {$clock ? " 00:00:00" : ""}]
  }
  set text [pick $dates]
  if {$clock} { append text " " [pick $times] }
  return $text
}

# NULL is the caller's business.
proc differential::remote_literal {driver kind} {
  variable times
  variable specials
  lassign $kind what a b
  switch $what {
    int { return [int_text $a [expr {$b eq "unsigned"}]] }
    bool { return [pick [expr {$driver eq "postgresql" ? {true false} : {1 0}}]] }
    real {
      if {$driver eq "postgresql" && [chance 15]} { return '[pick {NaN Infinity -Infinity}]' }
      return '[real_text $a]'
    }
    decimal { return [decimal_text $a $b] }
    numeric { return '[pick {0 1 1.0 1.50 -1.5 0.1 5 5.00 10 9 12345678901234567890.123 100000000000000000000 NaN Infinity
        -Infinity 9007199254740993 9007199254740992 0.30000000000000004 123456789012345 1e-20 -0 99999999999999.9}]' }
    text { return [text_literal $driver [text_hex [expr {$a eq "" ? 5000 : $a}] [expr {$driver eq "sqlite" || ($driver eq "mysql" && "like_nul" ni $differential::avoid)}]]] }
    latin1 {
      return [text_literal $driver [binary encode hex [encoding convertto utf-8 \
        [regsub -all {[^\u0000-\u007e\u00a0-\u00ff]} [random_text $a] x]]]]
    }
    blob { return [dict get [list postgresql "'\\x[set hex [bytes_hex [expr {$a eq "" ? 100 : $a}]]]'::bytea" mysql x'$hex' sqlite x'$hex'] $driver] }
    date { return '[date_text $driver]' }
    timestamp { return '[date_text $driver 1]' }
    timestamptz { return '[date_text $driver 1]' }
    mytimestamp { return '[pick {2024-01-01 1999-12-31 2024-02-29 2037-01-01}]\ [pick $times]' }
    time {
      if {$driver eq "mysql" && [chance 20]} { return '[pick {838:59:59 -838:59:59 -00:00:01 24:00:00 100:00:00.5}]' }
      if {$driver eq "postgresql" && [chance 10]} { return '24:00:00' }
      return '[pick $times]'
    }
    timetz { return '[pick $times][pick {+02 -05:30 +00 Z +15:59}]' }
    year { return [pick {0 1901 2155 2024 2000 1999}] }
    pgbool { return [pick {true false}] }
    enum { return [text_literal $driver [binary encode hex [pick {small large Medium 5}]]] }
    set { return '[pick {"" a b a,b a,c c}]' }
    point { if {$driver eq "mysql"} { return "ST_GeomFromText('POINT([random 3] 1.5)')" }; return '[pick $specials(point)]' }
    bits { return [expr {$a == 1 ? "b'[random 2]'" : "x'[pick {00 01 41 ff 61}]'"}] }
    myjson { return '[pick {{{"a": 1}} {[1,2]} null {"x"} 1 {{"b":[],"a":{}}} true {[ 1 ]}}]' }
    any { return [sqlite_literal [any_value]] }
    default {
      set text [pick $specials($what)]
      return '[string map {' ''} $text]'
    }
  }
}

# ---------------------------------------------------------------- values for SQLite

proc differential::any_value {} {
  switch [choose {30 i 20 r 35 t 8 b 4 w 3 z}] {
    i { return [list i [int_text 64]] }
    r { return [list r [sqlite_real [real_text 64]]] }
    t { return [list t [random_text]] }
    b { return [list b [binary decode hex [bytes_hex]]] }
    w { return [list hex [pick $differential::wide_texts]] }
    z { return [pick {{r 9e999} {r -9e999} {hex 6100} {hex 610062} {r -0.0}}] }
  }
}

proc differential::sqlite_real {text} { expr {[string is integer $text] || [string is wide $text] ? "$text.0" : $text} }

# As an SQL literal; hex is a text by its UTF-8.
proc differential::sqlite_literal {pair} {
  lassign $pair type value
  switch $type {
    n { return NULL }
    i { return $value }
    r { return [real_literal $value] }
    t { return '[string map {' ''} $value]' }
    hex { return "CAST(x'$value' AS TEXT)" }
    b { return x'[binary encode hex $value]' }
  }
}

proc differential::real_literal {value} {
  switch -- $value {
    Inf { return 9e999 }
    -Inf { return -9e999 }
  }
  if {[string is entier -strict $value]} { return $value.0 }
  return $value
}

# Unfit for most columns, or on the edge.
proc differential::odd_value {} {
  variable specials
  switch [choose {18 i 14 r 40 t 8 b 8 n 12 d}] {
    i { return [list i [int_text 64]] }
    r { return [list r [pick {5.5 5.0 0.0 -0.0 1e3 9007199254740992.0 9007199254740994.0 1e19 9.3e18 -9.3e18 Inf -Inf 0.1 1.5 2.5 1e-320 99.99 3.4028235e38 0.3333333432674408}]] }
    t { return [list t [random_text]] }
    b { return [list b [binary decode hex [bytes_hex]]] }
    n { return {n {}} }
    d {
      return [list t [pick [list 2024-01-01 2024-1-1 2024-02-30 {2024-01-01 00:00:00} 2024-01-01T10:00:00 2024-01 2024- 2 \
        "2024-01-01 " {2024-01-01 10:00:00+00:00} 2024-01-01Z 20240101 infinity Infinity -infinity 0000-00-00 {0044-03-15 BC} \
        -0043-03-15 10000-01-01 24:00:00 23:59:60 12:34 {1 day} {1 DAY} {P1D} 10.0.0.1/32 10.0.0.1 \
        A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11 a0eebc999c0b4ef8bb6d6bb9bd380a11 {{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}} \
        SAD sad {{"a":1}} {[1,2,3]} {{"a": 1}} {\x61} t f true TRUE on \$1.50 now today epoch NaN]]]
    }
  }
}

# Resembles the given one: another type, spelling, neighbour.
proc differential::like_value {pair} {
  lassign $pair type value
  switch $type {
    i {
      switch [random 7] {
        0 { if {$value < 9223372036854775807} { return [list i [expr {$value + 1}]] } }
        1 { if {$value > -9223372036854775808} { return [list i [expr {$value - 1}]] } }
        2 { if {$value > -9223372036854775000} { return [list r [expr {double($value)}]] } }
        3 { if {abs($value) < 1000000} { return [list r [expr {$value + 0.5}]] } }
        4 { return [list t $value] }
        5 { return [list t [pick [list 0$value "$value " " $value" $value.0 ${value}x +$value]]] }
        6 { return [list i [expr {wide(-$value)}]] }
      }
    }
    r {
      switch [random 4] {
        0 { if {abs($value) < 9e18} { return [list i [expr {wide($value)}]] } }
        1 { return [list t $value] }
        2 { return [list r [expr {-$value}]] }
        3 { if {abs($value) < 1e300} { return [list r [expr {$value * 1.0000000000000002}]] } }
      }
    }
    t {
      if {[is_wide $value]} { return $pair }
      switch [random 9] {
        0 { return [list t "$value "] }
        1 { return [list t [string range $value 0 [random [expr {[string length $value] + 1}]]]] }
        2 { return [list t [upper $value]] }
        3 { return [list t [lower $value]] }
        4 { return [list b [encoding convertto utf-8 $value]] }
        5 { return [list t [string trimright $value]] }
        6 { return [list t [string map {T " " " " T} $value]] }
        7 { return [list t ${value}x] }
        8 {
          if {[string is wide -strict $value]} { return [list i [expr {wide($value)}]] }
          if {[string is double -strict $value] && ![string match -nocase *n* $value]} { return [list r [expr {double($value)}]] }
        }
      }
    }
    b { if {![string match *\0* $value]} { return [list t [encoding convertfrom utf-8 $value]] } }
  }
  return $pair
}
