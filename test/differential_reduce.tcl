# differential_reduce.tcl: a query that differs is made simpler as long as it differs in the same way, and
# reported (differential.tcl).

# ---------------------------------------------------------------- reducing

# All trees that are one step simpler, the big steps first.
proc differential::simpler {tree} {
  set result {}
  switch [lindex $tree 0] {
    x {
      lappend result {*}[lindex $tree 1]
      foreach child [simpler [lindex $tree 2]] { lappend result [list x [lindex $tree 1] $child] }
    }
    o {
      set least [lindex $tree 3]
      if {[llength $tree] - 4 > $least} {
        for {set i 4} {$i < [llength $tree]} {incr i} { lappend result [lreplace $tree $i $i] }
      }
      for {set i 4} {$i < [llength $tree]} {incr i} {
        foreach child [simpler [lindex $tree $i]] { lappend result [lreplace $tree $i $i $child] }
      }
    }
    s {
      for {set i 1} {$i < [llength $tree]} {incr i} {
        foreach child [simpler [lindex $tree $i]] { lappend result [lreplace $tree $i $i $child] }
      }
    }
    v {
      lassign $tree kind bound type value others
      if {$bound && ![is_wide $value]} { lappend result [list v 0 $type $value $others] }
    }
    l {
      lappend result {t {}}
      foreach child [simpler [lindex $tree 1]] { lappend result [list l $child] }
    }
    c - k - g - b {
      foreach child [simpler [lindex $tree end]] { lappend result [lreplace $tree end end $child] }
    }
  }
  return $result
}

proc differential::reduce {query kind {tries 1500}} {
  set changed 1
  while {$changed && $tries > 0} {
    set changed 0
    if {[optional $query runs] > 1} {
      set less [dict replace $query runs [expr {[dict get $query runs] - 1}]]
      if {[differs $less] eq $kind} { set query $less; set changed 1; continue }
    }
    foreach key {tree before} {
      set old [expr {$key eq "tree" ? [list [dict get $query tree]] : [optional $query before]}]
      for {set i 0} {$i < [llength $old]} {incr i} {
        foreach tree [simpler [lindex $old $i]] {
          if {[incr tries -1] < 0} break
          set new [dict replace $query $key [expr {$key eq "tree" ? $tree : [lreplace $old $i $i $tree]}]]
          if {[differs $new] eq $kind} {
            set query $new
            set changed 1
            break
          }
        }
        if {$changed} break
      }
      if {$changed} break
    }
  }
  return $query
}

# ---------------------------------------------------------------- reporting

proc differential::show_cell {cell} {
  lassign $cell type value
  if {$type eq "r"} { return $value[expr {[string is entier -strict $value] ? ".0" : ""}] }
  if {$type eq "t" && [is_wide $value]} { return '$value' }
  set text [sqlite_literal $cell]
  if {[string length $text] > 80} { set text "[string range $text 0 70]…([string length $text])" }
  return $text
}

proc differential::show_result {results} {
  join [lmap result $results {
    if {[lindex $result 0] eq "error"} {
      string cat "error: [lindex $result 1]"
    } else {
      set rows [lindex $result 1]
      set shown [lmap row [lrange $rows 0 11] {join [lmap cell $row {show_cell $cell}] |}]
      if {[llength $rows] > 12} { lappend shown "… ([llength $rows] rows)" }
      if {$rows eq ""} { string cat "(no rows)" } else { join $shown "\n" }
    }
  }] "\n--\n"
}

# The rows of one result that another has not.
proc differential::without {rows others} {
  foreach row $others { incr there([canonical_rows [list $row] exact]) }
  lmap row $rows {
    set name [canonical_rows [list $row] exact]
    if {[info exists there($name)] && [incr there($name) -1] >= 0} continue
    set row
  }
}

proc differential::show_bound {query} {
  variable P
  set lines {}
  set runs [expr {[dict exists $query runs] ? [dict get $query runs] : 1}]
  for {set run 0} {$run < $runs} {incr run} {
    print_tree [dict get $query tree] pushed $run 1
    set number 1
    set line {}
    for {} {$number <= $differential::number} {incr number} {
      set cell [expr {[info exists P($number)] ? [typed $P($number)] : {n {}}}]
      lappend line "P($number) = [show_cell $cell]"
    }
    if {$line ne ""} { lappend lines [join $line {, }] }
  }
  return [join $lines \n]
}

# Tables of the tree, in the order of their first use.
proc differential::tables_in {tree} {
  set names {}
  switch [lindex $tree 0] {
    T { lappend names [lindex $tree 1] }
    x { lappend names {*}[tables_in [lindex $tree 2]] }
    s { foreach child [lrange $tree 1 end] { lappend names {*}[tables_in $child] } }
    o { foreach child [lrange $tree 4 end] { lappend names {*}[tables_in $child] } }
    c - k - g - l - b { lappend names {*}[tables_in [lindex $tree end]] }
  }
  return [lsort -unique $names]
}

proc differential::check_query {query} {
  variable tables
  set kind [differs $query]
  if {$kind eq ""} { return }
  set first [print_tree [dict get $query tree] pushed 0 1]
  set seen $differential::last_results
  set again [differs $query]
  if {$again ne $kind} {
    set report [list title "it differs now and then ($kind, then '$again')" shape now query $first bound [show_bound $query]]
    foreach {form results} $seen { lappend report $form [show_result $results] }
    return [concat $report [list plan [explain $query pushed]]]
  }
  set reduced [reduce $query $kind]
  set used [tables_in [dict get $reduced tree]]
  set report [list title "$kind"]
  set before {}
  foreach statement [optional $reduced before] {
    append before [print_tree $statement pushed 0 1] ";\n"
    lappend used {*}[tables_in $statement]
  }
  lappend report query $before[print_tree [dict get $reduced tree] pushed 0 1]
  lappend report shape [regsub -all {'([^']|'')*'|[0-9.]+|\$differential::P\S*} [print_tree [dict get $reduced tree] pushed 0 1] ?]
  set bound [show_bound $reduced]
  if {$bound ne ""} { lappend report bound $bound }
  foreach form $differential::forms {
    if {$form eq "plain" && $differential::standin ne "remote"} continue
    set results($form) [run_form $reduced $form]
    lappend report $form [show_result $results($form)]
  }
  set rows [lmap form {pushed copy} {lindex $results($form) end 1}]
  if {[dict get $kind pushed] eq "rows" && !$differential::limited} {
    lappend report missing [show_result [list [list rows [without {*}[lreverse $rows]]]]] extra [show_result [list [list rows [without {*}$rows]]]]
  }
  if {$differential::limited} { lappend report "no limit" [show_result [run_form $reduced copy 0]] }
  lappend report plan [explain $reduced pushed]
  foreach table $tables {
    if {[dict get $table name] ni $used} continue
    lappend report table "[dict get $table declared] -- [dict get $table count] rows; made by"
    lappend report remote [join [lmap ddl [dict get $table ddl] {string range $ddl 0 700}] ";\n"]
  }
  lappend report whole $first
  return $report
}

proc differential::explain {query form} {
  set_pushdown $form
  set plan ""
  try {
    foreach statement [optional $query before] { db eval [print_tree $statement $form 0 1] }
    set sql [print_tree [dict get $query tree] $form 0 1]
    set plan [join [lmap {id parent unused detail} [db eval "EXPLAIN QUERY PLAN $sql"] {string cat $detail}] \n]
  } on error message {
    set plan $message
  } finally {
    foreach statement [optional $query after] { catch {db eval [print_tree $statement $form 0 1]} }
  }
  return $plan
}
